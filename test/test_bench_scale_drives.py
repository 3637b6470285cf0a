"""Every source on a simulated drive with true scale: five seconds, outliers, standing still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.bench.scale_drives import exact_depth, follow, told, turn_of, UNIT
from steps_ros.inference.scale.filter import ScaleFilter
from steps_ros.inference.scale.robust import Measurement
from steps_ros.inference.scale.settings import CAMERA_HEIGHT, LIDAR, ODOMETRY, ScaleSettings
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.lidar import LidarSettings
from steps_ros.sim.settings import ClipSettings

WITHIN = {LIDAR: 0.05, CAMERA_HEIGHT: 0.07, ODOMETRY: 0.10}


@pytest.fixture(scope='module')
def drive():
    # Hilly, 3.9 m/s; three frames a second, so that five seconds are few frames.
    clip = ClipSettings(seed=67, frames=17, height=96, width=160, time='day', rate_hz=3.0)
    return list(simulate_clip(clip, lidar=LidarSettings(columns=256)))


@pytest.fixture(scope='module')
def night():
    clip = ClipSettings(seed=304, frames=17, height=96, width=160, time='night', rate_hz=3.0)
    return list(simulate_clip(clip, lidar=LidarSettings(columns=256)))


@pytest.mark.parametrize('name', ['drive', 'night'])
@pytest.mark.parametrize('source', [LIDAR, CAMERA_HEIGHT, ODOMETRY])
def test_after_five_seconds_the_scale_is_known(name, source, request):
    drive = request.getfixturevalue(name)
    moments = [item for item in follow(drive, source, exact_depth) if item.seconds >= 5]
    assert all(item.state.is_metric for item in moments), moments[-1].state.text
    errors = [abs(item.state.value / item.true - 1) for item in moments]
    assert np.median(errors) < WITHIN[source]
    assert moments[-1].true == pytest.approx(UNIT)
    assert ' to ' in told(moments)


@pytest.mark.parametrize('source', [LIDAR, CAMERA_HEIGHT, ODOMETRY])
def test_three_of_ten_measurements_may_be_wrong_at_any_moment(drive, source):
    found = {}
    calm = follow(drive, source, exact_depth, lambda number, one: found.setdefault(number, one))
    measured = [number for number, one in found.items() if isinstance(one, Measurement)]
    assert len(measured) >= 10
    for seed in range(20):
        random = np.random.default_rng(seed)
        wrong = random.choice(measured, round(0.3 * len(measured)), replace=False)
        factors = dict(zip(wrong, random.uniform(1.3, 3.0, len(wrong)), strict=True))
        scale = ScaleFilter(ScaleSettings(source=source))
        for number, moment in enumerate(calm):
            one = found[number]
            if number in factors:
                one = one._replace(value=one.value * factors[number])
            if one is not None:
                scale.add(moment.seconds, one)
            if moment.seconds >= 5:
                state = scale.state(moment.seconds)
                assert state.is_metric
                assert state.value == pytest.approx(moment.state.value, rel=0.1)


@pytest.mark.parametrize('source', [LIDAR, CAMERA_HEIGHT, ODOMETRY])
def test_standing_for_ten_seconds_does_not_move_it(drive, source):
    last = drive[-1]
    half_ns = 500_000_000
    standing = [
        replace(
            last,
            stamp_ns=last.stamp_ns + number * half_ns,
            scan=last.scan._replace(stamp_ns=last.scan.stamp_ns + number * half_ns),
        )
        for number in range(1, 21)
    ]
    moments = follow([*drive, *standing], source, exact_depth)
    before, after = moments[len(drive) - 1].state, moments[-1].state
    assert after.is_metric
    assert after.value == pytest.approx(before.value, rel=0.1)
    if source == ODOMETRY:
        assert 'slower than' in after.reason


def test_turns_are_in_the_axes_of_the_camera(drive):
    points = turn_of(drive[0]).points
    # The road is below, and most of what is hit ahead lies lower than the camera.
    ahead = points[points[:, 2] > 3]
    assert np.median(ahead[:, 1]) > 0
