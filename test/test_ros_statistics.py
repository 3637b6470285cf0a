"""Counts and rates of frames."""

from __future__ import annotations

import math

import pytest

from steps_ros.ros.statistics import Drop, FrameStatistics, percentiles, rate_hz


def test_every_frame_ends_in_one_count():
    statistics = FrameStatistics()
    for _ in range(4):
        statistics.count_received()
    statistics.count_published(10.0, 5.0, 1.0, 6.0)
    statistics.count_dropped(Drop.SUPERSEDED)
    statistics.count_dropped(Drop.BAD_FRAME, 'no pixels')
    statistics.count_dropped(Drop.SUPERSEDED)
    now = statistics.snapshot()
    assert now.received == now.published + sum(now.dropped.values()) == 4
    assert now.dropped == {'superseded': 2, 'bad_frame': 1}
    assert now.last_problem == 'no pixels'


def test_latency_of_a_clock_that_went_back_is_not_kept():
    statistics = FrameStatistics()
    statistics.count_published(-5.0, 5.0, 1.0, 6.0)
    assert math.isnan(statistics.snapshot().latency_ms.p50)
    now = statistics.snapshot()
    assert (now.model_ms.p99, now.overhead_ms.p99, now.predict_ms.p99) == (5.0, 1.0, 6.0)


def test_rate_counts_intervals_of_the_last_ten_seconds():
    assert rate_hz([0.0, 99.0, 99.5, 100.0], 100.0) == pytest.approx(2.0)
    assert rate_hz([99.0], 100.0) == 0.0


def test_percentiles():
    assert percentiles(list(range(101))) == (50.0, 95.0, 99.0)
