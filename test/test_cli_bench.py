"""The command ``bench``: what it measures and where it writes."""

import json

from steps_ros.bench import suite
from steps_ros.bench.machine import Machine
from steps_ros.bench.results import Results
from steps_ros.cli import bench
from steps_ros.cli.main import main

FOUND = Results(Machine('a machine', 2, '2.1', 0.5), {'float32': 1.0}, [], {})


def _recorded(monkeypatch):
    asked = []
    monkeypatch.setattr(suite, 'run_suite', lambda *given: asked.append(given) or FOUND)
    return asked


def test_the_parts_are_those_of_the_suite():
    assert tuple(suite.PARTS) == bench.PARTS


def test_all_parts_are_measured_unless_some_are_named(monkeypatch, tmp_path, capsys):
    asked, path = _recorded(monkeypatch), tmp_path / 'bench.json'
    assert main(['bench', '--json', str(path)]) == 0
    assert json.loads(path.read_text())['machine']['name'] == 'a machine'
    assert 'a machine' in capsys.readouterr().out
    assert main(['bench', '--only', 'bag', 'node', '--quick', '--size', '64x96']) == 0
    effort = suite.QUICK._replace(size=(64, 96))
    assert asked == [(suite.Effort(), bench.PARTS), (effort, ['bag', 'node'])]


def test_an_earlier_file_stays_unless_it_may_go(monkeypatch, tmp_path, capsys):
    asked, path = _recorded(monkeypatch), tmp_path / 'bench.json'
    path.write_text('earlier')
    assert main(['bench', '--json', str(path)]) == 1
    assert 'exists; give another file or --overwrite' in capsys.readouterr().err
    assert (asked, path.read_text()) == ([], 'earlier')
    assert main(['bench', '--json', str(path), '--overwrite']) == 0
    assert json.loads(path.read_text())['rows'] == []
