"""A short soak: publisher, node and listener in processes of their own, over DDS."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from steps_ros.ros.soak_plan import CAMERAS, ENDS, GOOD

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
    assert (found['unaccounted'], found['wrong'], found['threads_leaked']) == (0, [], 0)
    assert (found['descriptors_leaked'], found['segments_leaked']) == (0, 0)
    assert (found['memory_judged_from'], found['leaks_judged_between']) == (250, [249, 500])
    assert found['good_published'] >= 0.9 * found['good_frames'] == 0.9 * 474
    assert_that_all_was_there(found)


def assert_that_all_was_there(found):
    assert set(found['bad_frames']) == set(ENDS) - {GOOD}
    assert all(found['bad_frames'].values())
    assert sum(found['bad_frames'].values()) == 26
    by = found['good_published_by']
    assert set(by['camera']) == {camera.name for camera in CAMERAS}
    assert set(by['encoding']) == {name for camera in CAMERAS for name in camera.encodings}
    assert set(by['size']) == {'96x72', '72x44', '48x36'}
    events = ('restarts', 'clock_jumps', 'pauses', 'hurried_ticks')
    assert [found[name] for name in events] == [1, 1, 1, 2]
