"""The middle of numbers some of which are wrong, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from steps_ros.inference.scale.robust import (
    KEPT_SIGMAS,
    LEAST_SIGMA,
    Measurement,
    measurement_of,
    middle,
    Refusal,
)


@pytest.mark.parametrize('wrong', [100.0, 6.0])
def test_what_is_far_is_left_out_and_the_median_taken_anew(wrong):
    # Median 2, of the deviations 1: what is farther than 2.5 * 1.4826 from 2 is wrong.
    found = middle(np.array([0.0, 1.0, 2.0, 3.0, wrong]))
    assert found.kept.tolist() == [True] * 4 + [False]
    assert found.value == 1.5
    assert found.sigma == pytest.approx(1.4826)


def test_equal_numbers_leave_a_thousandth_of_room():
    edge = KEPT_SIGMAS * LEAST_SIGMA
    assert edge == pytest.approx(0.0025)
    found = middle(np.array([0.0, 0.0, 0.0, 0.0, edge, 0.0026]))
    assert found.kept.tolist() == [True] * 5 + [False]
    assert (found.value, found.sigma) == (0.0, 0.0)


def test_numbers_are_left_out_twice():
    # Once would leave 10 in, three times would take 11 out.
    found = middle(np.array([4.0, 10.0, 11.0, 15.0, 24.0, 26.0, 28.0, 29.0, 29.0]))
    assert found.kept.tolist() == [False, False] + [True] * 7
    assert (found.value, found.sigma) == (26.0, pytest.approx(3 * 1.4826))


def test_the_scale_is_the_power_of_the_middle_and_counts_what_was_kept():
    logs = np.log([2.0, 2.0, 2.0, 50.0])
    assert measurement_of(logs, 4, 'points') == Measurement(pytest.approx(2.0), 0.0, 3)
    assert measurement_of(logs, 5, 'points') == Refusal('4 points of at least 5')
    assert math.log(measurement_of(np.zeros(1), 1, 'x').value) == 0.0
