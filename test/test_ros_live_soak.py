"""A short soak: publisher, node and listener in processes of their own, over DDS."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

FRAMES = 500
LIMIT_S = 500.0

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


def test_five_hundred_frames_are_accounted_for_and_nothing_leaks(tmp_path):
    small = ['--frames', str(FRAMES), '--width', '96', '--size', '64x96']
    ended = subprocess.run(
        [sys.executable, '-m', 'steps_ros.cli.main', 'soak', '--out', str(tmp_path), *small],
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        timeout=LIMIT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stdout.splitlines()
    found = json.loads(line)
    assert found['frames'] == FRAMES == found['published'] + sum(found['dropped'].values())
    assert (found['unaccounted'], found['threads_leaked']) == (0, 0)
    assert (found['descriptors_leaked'], found['segments_leaked']) == (0, 0)
    assert found['good_published'] >= 0.9 * found['good_frames'] == 0.9 * 475
    assert found['dropped']['bad_frame'] > 5
    assert (found['shifts'], found['clock_jumps']) == (2, 2)
