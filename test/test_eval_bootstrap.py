"""Intervals: known means, coverage, and honesty about frames that resemble each other."""

import math

import numpy as np
import pytest

from steps_ros.eval.bootstrap import block_interval, block_length, ratio_interval


def test_equal_values_leave_no_doubt():
    assert block_interval(np.full(20, 3.0), 4) == pytest.approx((3, 3, 3))


def test_the_interval_of_independent_values_is_that_of_their_mean():
    values = np.random.default_rng(1).normal(5.0, 2.0, 400)
    value, low, high = block_interval(values, 1)
    assert value == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_blocks_are_less_sure_of_a_slow_series():
    slow = np.repeat(np.random.default_rng(2).normal(0, 1, 20), 20)
    assert np.ptp(block_interval(slow, 20)[1:]) > 3 * np.ptp(block_interval(slow, 1)[1:])


def test_unknown_values_are_left_out():
    assert block_interval(np.array([1.0, math.nan, 3.0]), 1).value == 2
    value, low, high = block_interval(np.array([math.nan, 2.0]), 1)
    assert (value, math.isnan(low), math.isnan(high)) == (2, True, True)
    assert math.isnan(block_interval(np.array([math.nan]), 1).value)


def test_a_ratio_weighs_frames_by_their_pixels():
    assert ratio_interval(np.array([1.0, 9.0, 0]), np.array([1.0, 3.0, 0]), 1).value == 2.5


def test_a_block_is_two_seconds_but_leaves_five_of_them():
    assert block_length(np.arange(1000) / 10) == 20
    assert block_length(np.arange(30) / 10) == 6
    assert block_length(np.zeros(1)) == 1
    # Two drives one after the other: the jump back is no period.
    assert block_length(np.tile(np.arange(100) / 10, 2)) == 20
