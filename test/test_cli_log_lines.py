"""Log lines do not run into progress bars."""

from io import StringIO
import logging
import sys

import pytest
from tqdm import tqdm

from steps_ros.cli.log_lines import LogLines


def record(words: str) -> logging.LogRecord:
    return logging.LogRecord('steps_ros', logging.WARNING, '', 0, words, None, None)


@pytest.fixture
def handler():
    made = LogLines(StringIO())
    made.setFormatter(logging.Formatter('%(levelname)s: %(message)s'))
    return made


def test_a_line_stands_by_itself_above_the_bar(handler):
    with tqdm(total=2, file=handler.stream, mininterval=0) as bar:
        bar.update()
        handler.emit(record('no camera_info'))
        bar.update()
    lines = handler.stream.getvalue().split('\n')
    shown = [line.rsplit('\r', 1)[-1] for line in lines]
    assert shown[0] == 'WARNING: no camera_info'
    assert '2/2' in shown[1]


def test_where_nothing_has_bars_tqdm_is_not_needed(handler, monkeypatch):
    monkeypatch.delitem(sys.modules, 'tqdm')
    monkeypatch.setitem(sys.modules, 'tqdm.std', None)
    handler.emit(record('no camera_info'))
    assert handler.stream.getvalue() == 'WARNING: no camera_info\n'


def test_a_stream_that_is_gone_is_reported_as_logging_does(handler, capsys):
    handler.stream.close()
    handler.emit(record('no camera_info'))
    assert '--- Logging error ---' in capsys.readouterr().err
