"""The table of `make coverage`: every layer with its own sums."""

from __future__ import annotations

import json
import sys

import branches


def file(covered, of, lines, of_lines):
    return {
        'summary': {
            'covered_branches': covered, 'num_branches': of,
            'covered_lines': lines, 'num_statements': of_lines,
        }
    }  # fmt: skip


def test_layers_are_summed_up(tmp_path, monkeypatch, capsys):
    files = {
        'steps_ros/ros/live.py': file(9, 10, 30, 30),
        'steps_ros/ros/spin.py': file(6, 10, 60, 70),
        'steps_ros/core/engine/deep.py': file(0, 0, 5, 5),
        'steps_ros/errors.py': file(1, 2, 3, 4),
    }
    path = tmp_path / 'coverage.json'
    path.write_text(json.dumps({'files': files}))
    monkeypatch.setattr(sys, 'argv', ['branches.py', str(path)])
    branches.main()
    assert capsys.readouterr().out.splitlines()[2:] == [
        '| core | none | 100.0% of 5 |',
        '| ros | 75.0% of 20 | 90.0% of 100 |',
        '| the rest | 50.0% of 2 | 75.0% of 4 |',
    ]
