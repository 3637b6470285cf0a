"""``steps-ros simulate``: what it writes, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steps_ros.cli.main import main

SMALL = ['--frames', '2', '--size', '16x24', '--seed', '4']


def simulate(out: Path, *more: str) -> int:
    return main(['simulate', '--out', str(out), *SMALL, *more])


def test_a_recording_is_the_same_bytes_for_the_same_seed_and_any_workers(tmp_path, capsys):
    assert simulate(tmp_path / 'a.mcap', '--json') == 0
    assert json.loads(capsys.readouterr().out) == {'out': str(tmp_path / 'a.mcap'), 'frames': 2}
    assert simulate(tmp_path / 'b.mcap', '--workers', '2') == 0
    assert (tmp_path / 'a.mcap').read_bytes() == (tmp_path / 'b.mcap').read_bytes()


def test_what_is_there_is_not_overwritten(tmp_path, capsys):
    (tmp_path / 'mine.txt').touch()
    assert simulate(tmp_path) == 1
    assert '--overwrite' in capsys.readouterr().err.splitlines()[-1]
    assert simulate(tmp_path, '--overwrite', '--time', 'day') == 0
    assert len(list((tmp_path / 'images').iterdir())) == 2


@pytest.mark.parametrize('wrong', [['--size', '16'], ['--frames', '0'], ['--time', 'dusk']])
def test_wrong_usage_is_two(tmp_path, wrong):
    with pytest.raises(SystemExit) as stopped:
        simulate(tmp_path / 'x', *wrong)
    assert stopped.value.code == 2


def test_settings_that_do_not_fit_are_one_line(tmp_path, capsys):
    assert simulate(tmp_path / 'x', '--scenes', '3') == 1
    assert '3 scenes for 2 frames' in capsys.readouterr().err
    assert not (tmp_path / 'x').exists()
