"""Rates are kept whatever the camera's is, and forgotten when time goes back."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.ros.rate_limit import RateLimit


@pytest.mark.parametrize(
    ('camera_hz', 'rate_hz', 'passed'),
    [(30, 20, 200), (30, 10, 100), (10, 10, 100), (5, 10, 50), (30, 0, 300), (10, 0.5, 5)],
)
def test_ten_seconds_give_ten_times_the_rate(camera_hz, rate_hz, passed):
    limit, jitter = RateLimit(), np.random.default_rng(0)
    stamps = np.arange(10 * camera_hz) / camera_hz
    stamps += jitter.uniform(-1e-3, 1e-3, len(stamps))
    assert sum(limit.allows(stamp, rate_hz) for stamp in stamps) == pytest.approx(passed, abs=1)


def test_time_that_goes_back_and_long_pauses_hold_nothing_up():
    limit = RateLimit()
    assert limit.allows(100.0, 1.0)
    assert not limit.allows(100.5, 1.0)
    assert limit.allows(3.0, 1.0)
    assert not limit.allows(3.5, 1.0)
    assert limit.allows(60.0, 1.0)
    assert not limit.allows(60.1, 1.0)
