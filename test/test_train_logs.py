"""What a training writes: lines that a resumed one continues, and a board that may be absent."""

import builtins
import json
from pathlib import Path
import time

import cv2
import numpy as np
import pytest

from steps_ros.errors import OutputError
from steps_ros.train.logs import Board, JsonLines


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_resumed_log_forgets_what_came_after_its_step(tmp_path):
    path = tmp_path / 'x' / 'train.jsonl'
    log = JsonLines(path, 0)
    for step in (1, 2, 3):
        log.write(step, {'total': 0.5 * step})
    log.close()
    path.write_text(path.read_text() + '{"step": 4, "to')
    again = JsonLines(path, 2)
    again.write(3, {'total': 9.0})
    again.close()
    assert lines_of(path) == [
        {'step': 1, 'total': 0.5}, {'step': 2, 'total': 1.0}, {'step': 3, 'total': 9.0}
    ]  # fmt: skip
    JsonLines(path, 0).close()
    assert path.read_text() == ''


@pytest.mark.parametrize(
    'damaged', ['', '{', '7', '{"total": 1}', '{"step": NaN}', '{"step": "1"}', '[' * 5000, 'é']
)
def test_a_log_goes_on_where_it_is_damaged(tmp_path, damaged, caplog):
    path = tmp_path / 'train.jsonl'
    path.write_text(f'{{"step": 1}}\n{damaged}\n{{"step": 3}}\n', encoding='latin-1')
    with JsonLines(path, 5) as log:
        log.write(6, {})
    assert lines_of(path) == [{'step': 1}, {'step': 6}]
    (record,) = caplog.records
    assert record.getMessage() == f'{path}: line 2 is damaged; the log goes on there'


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match=r'train\.jsonl'):
        JsonLines(tmp_path / 'file' / 'train.jsonl', 0)


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full')
def test_a_full_disk_is_one_line_also_where_the_file_is_closed(tmp_path):
    lines = JsonLines(tmp_path / 'train.jsonl', 0)
    lines._file.close()
    lines._file = Path('/dev/full').open('a')  # noqa: SIM115
    with pytest.raises(OutputError, match='No space left on device'):
        lines.write(1, {'total': 0.5})
    with pytest.raises(OutputError, match='No space left on device'):
        lines.close()
    lines.close()


def test_a_board_that_is_not_wanted_takes_everything_and_does_nothing():
    with Board(None) as board:
        assert not board.is_open
        board.scalars(1, {'a': 1.0})
        board.picture(1, 'a', np.zeros((2, 2, 3), np.uint8))


def test_lines_that_nobody_wants_go_nowhere():
    with JsonLines(None, 0) as log:
        log.write(1, {'a': 1.0})


def test_the_board_is_read_back(tmp_path, monkeypatch):
    reading = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[:, 3:] = 255, 128, 0
    for start, values in ((0, (1.0, 2.0, 3.0)), (2, (9.0,))):
        # Files are read in the order of their names, which begin with the second of their making.
        monkeypatch.setattr(time, 'time', lambda second=1.7e9 + start: second)
        with Board(tmp_path, start) as board:
            assert board.is_open
            for step, value in enumerate(values, start + 1):
                board.scalars(step, {'total': value, 'learning_rate': 1e-4})
            board.picture(1, 'depth', picture)
    seen = reading.EventAccumulator(str(tmp_path)).Reload()
    assert set(seen.Tags()['scalars']) == {'total', 'learning_rate'}
    assert [(one.step, one.value) for one in seen.Scalars('total')] == [(1, 1), (2, 2), (3, 9)]
    shown = cv2.imdecode(np.frombuffer(seen.Images('depth')[0].encoded_image_string, np.uint8), 1)
    np.testing.assert_array_equal(cv2.cvtColor(shown, cv2.COLOR_BGR2RGB), picture)


def test_without_tensorboard_one_line_says_so(tmp_path, monkeypatch, caplog):
    original = builtins.__import__

    def without(name, *rest):
        if name.startswith('torch.utils.tensorboard'):
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, '__import__', without)
    with Board(tmp_path / 'board') as board:
        assert not board.is_open
    assert [record.getMessage() for record in caplog.records] == [
        'no curves and pictures: TensorBoard is not installed; pip install tensorboard'
    ]
    assert not (tmp_path / 'board').exists()
