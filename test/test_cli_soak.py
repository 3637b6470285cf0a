"""The command ``soak``: what it prints, and how it ends."""

from dataclasses import replace
import json
from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from steps_ros.cli.main import main
from steps_ros.ros import soak
from steps_ros.ros.soak_result import SoakResult

FINE = SoakResult(2, ['uncalibrated', 'out'], {}, published=2, node_received=2, node_published=2)


def soaked(monkeypatch, result):
    asked = []
    monkeypatch.setattr(soak, 'run_soak', lambda settings: asked.append(settings) or result)
    return asked


def test_the_last_line_is_json(monkeypatch, capsys):
    asked = soaked(monkeypatch, FINE)
    assert main(['soak', '--frames', '2', '--width', '160', '--size', '64x96']) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])['unaccounted'] == 0
    assert asked == [soak.SoakSettings(Path('soak_out'), 2, 160, '64x96')]


def test_each_broken_promise_is_a_line_and_the_numbers_come_all_the_same(monkeypatch, capsys):
    broken = replace(FINE, ends=['uncalibrated', 'lost'], strangers=1, published=1)
    soaked(monkeypatch, broken)
    assert main(['soak']) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)['unaccounted'] == 1
    assert [line.split(':')[0] for line in said.err.splitlines()] == ['error'] * 4


def test_ctrl_c_prints_what_was_measured(monkeypatch, capsys):
    soaked(monkeypatch, replace(FINE, ends=['lost'] * 2, is_interrupted=True))
    assert main(['soak']) == 130
    said = capsys.readouterr()
    assert json.loads(said.out)['interrupted'] is True
    assert said.err == 'interrupted\n'


def test_an_earlier_soak_stays_unless_it_may_go(tmp_path, capsys):
    (tmp_path / 'soak.json').write_text('earlier')
    assert main(['soak', '--out', str(tmp_path)]) == 1
    assert 'is not empty; choose another folder or give --overwrite' in capsys.readouterr().err


def test_no_frames_are_no_soak(capsys):
    with pytest.raises(SystemExit) as ended:
        main(['soak', '--frames', '0'])
    assert ended.value.code == 2
