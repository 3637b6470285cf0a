"""What ~/progress says."""

from __future__ import annotations

import math
import os
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticStatus

from steps_ros.ros.trainer_progress import Pace, Progress, progress_status


def _values(progress: Progress) -> dict[str, str]:
    return {pair.key: pair.value for pair in progress_status('trainer', progress).values}


def test_the_time_left_is_that_of_the_mean_pace():
    pace = Pace()
    assert math.isnan(pace.left_s(11, 20, now_s=100.0))
    assert pace.left_s(12, 20, now_s=103.0) == 24.0
    assert pace.left_s(15, 20, now_s=104.0) == 5.0
    assert pace.left_s(20, 20, now_s=108.0) == 0.0


def test_a_step_is_told_with_its_losses(tmp_path):
    snapshot = tmp_path / 'last.npz'
    snapshot.touch()
    os.utime(snapshot, (time.time() - 30, time.time() - 30))
    progress = Progress(
        'train', '', 4, 10, {'total': 0.125, 'smoothness': 2e-7}, 3.14159, 0.02, 12.6, snapshot
    )
    values = _values(progress)
    assert float(values.pop('checkpoint_age_s')) == pytest.approx(30, abs=5)
    assert values == {
        'phase': 'train',
        'step': '4',
        'steps': '10',
        'total': '0.125',
        'smoothness': '2e-07',
        'samples_per_s': '3.14',
        'waited_share': '0.020',
        'time_left_s': '13',
        'checkpoint': str(snapshot),
        'verdict': '',
    }
    assert progress.words == 'train: 4 of 10, total 0.1250, 13 s left'


def test_what_is_not_known_yet_is_empty(tmp_path):
    values = _values(Progress(snapshot=tmp_path / 'none.npz'))
    assert values.pop('phase') == 'preparing'
    assert values.pop('step') == '0'
    assert set(values.values()) == {''}


@pytest.mark.parametrize(
    ('phase', 'level'),
    [
        ('train', DiagnosticStatus.OK),
        ('done', DiagnosticStatus.OK),
        ('rejected', DiagnosticStatus.WARN),
        ('failed', DiagnosticStatus.ERROR),
    ],
)
def test_the_level_follows_the_phase(phase, level):
    status = progress_status('trainer', Progress(phase, 'because'))
    assert (status.level, status.message) == (level, f'{phase}: because')
