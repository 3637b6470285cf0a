"""SIGTERM in every phase of the node, while the trainer reads or saves: 0, and no traceback."""

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from dying_nodes import NODE_PHASES, TRAINER_PHASES

from steps_ros.train.snapshot import read_snapshot


@pytest.mark.timeout(180)
def test_a_signal_in_any_phase_is_a_clean_end(tmp_path):
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name('dying_nodes.py')), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=170,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))},
    )
    assert ended.returncode == 0, ended.stderr
    codes = dict(json.loads(line) for line in ended.stdout.splitlines() if line.startswith('['))
    assert codes == dict.fromkeys((*NODE_PHASES, *TRAINER_PHASES), 0), ended.stderr
    assert 'stopped: before the first step' in ended.stderr
    assert 'Traceback' not in ended.stderr
    # What was being saved is whole.
    (saved,) = tmp_path.rglob('*.*')
    found = read_snapshot(saved)
    assert f'stopped: train at step {found.step}' in ended.stderr
    assert found.tensors['weight'].tolist() == [found.step] * 1000
