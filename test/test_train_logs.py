"""What a training writes: lines that a resumed one continues, and a board that may be absent."""

import json

import pytest
import torch

from steps_ros.errors import OutputError
from steps_ros.train.logs import Board, JsonLines, plain_numbers


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


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match=r'train\.jsonl'):
        JsonLines(tmp_path / 'file' / 'train.jsonl', 0)


def test_a_board_that_is_not_wanted_takes_everything_and_does_nothing():
    with Board(None) as board:
        assert not board.is_open
        board.scalars(1, {'a': 1.0})
        board.picture(1, 'a', torch.zeros(3, 2, 2))


def test_scalars_become_numbers():
    assert plain_numbers({'a': torch.tensor(1.5), 'b': torch.tensor(2)}) == {'a': 1.5, 'b': 2.0}
