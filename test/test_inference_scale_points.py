"""Measured points against depth: the median ratio, and what does not count."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.inference.scale.points import points_scale
from steps_ros.inference.scale.robust import Refusal

RANDOM = np.random.default_rng(0)
COLUMNS = RANDOM.uniform(0, 79, 400).astype(np.float32)
ROWS = RANDOM.uniform(0, 47, 400).astype(np.float32)
DEPTH = RANDOM.uniform(2, 10, (48, 80)).astype(np.float32)
METRES = 3.0 * DEPTH[np.rint(ROWS).astype(int), np.rint(COLUMNS).astype(int)]


def test_the_scale_is_metres_by_units():
    measured = points_scale(COLUMNS, ROWS, METRES, DEPTH)
    assert measured.value == pytest.approx(3.0)
    assert measured.spread == pytest.approx(0.0, abs=1e-6)
    assert measured.evidence == 400


def test_thirty_percent_of_wrong_points_on_one_side_hardly_matter():
    noisy = METRES * np.exp(0.05 * RANDOM.standard_normal(400)).astype(np.float32)
    noisy[:120] *= 3
    assert points_scale(COLUMNS, ROWS, noisy, DEPTH).value == pytest.approx(3.0, rel=0.05)


def test_unknown_depth_and_points_too_near_or_far_do_not_count():
    depth = DEPTH.copy()
    depth[:24] = np.nan
    depth[24:36] = np.inf
    measured = points_scale(COLUMNS, ROWS, METRES, depth)
    assert measured.value == pytest.approx(3.0)
    assert measured.evidence == int((np.rint(ROWS) >= 36).sum())
    assert isinstance(points_scale(COLUMNS, ROWS, METRES * 0 + 80, DEPTH), Refusal)


def test_few_points_are_refused():
    refused = points_scale(COLUMNS[:20], ROWS[:20], METRES[:20], DEPTH)
    assert refused.reason == '20 points in the picture of at least 50'


def pixels(count, value):
    return np.full(count, value, np.float32)


@pytest.mark.parametrize(('metres', 'counts'), [(2.0, True), (1.99, False), (50.0, True)])
def test_the_nearest_and_farthest_point_that_count(metres, counts):
    measured = points_scale(pixels(50, 0), pixels(50, 0), pixels(50, metres), DEPTH[:1, :1])
    assert isinstance(measured, Refusal) is not counts
    assert isinstance(points_scale(pixels(50, 0), pixels(50, 0), pixels(50, 50.5), DEPTH), Refusal)
    assert isinstance(points_scale(pixels(49, 0), pixels(49, 0), pixels(49, 9), DEPTH), Refusal)


@pytest.mark.parametrize('unknown', [0.0, -1.0, np.nan, np.inf])
def test_depth_that_is_unknown_does_not_count(unknown):
    depth = np.full((2, 3), 4.0, np.float32)
    depth[1, 2] = unknown
    columns, rows = np.r_[pixels(50, 1), 2].astype('f4'), np.r_[pixels(50, 0), 1].astype('f4')
    measured = points_scale(columns, rows, pixels(51, 8), depth)
    assert (measured.value, measured.evidence) == (pytest.approx(2.0), 50)


def test_units_may_be_smaller_than_metres_but_not_nothing():
    tenth, none = (np.full((2, 3), units, np.float32) for units in (0.1, 0.0))
    assert points_scale(pixels(50, 1), pixels(50, 1), pixels(50, 8), tenth).evidence == 50
    refused = points_scale(pixels(50, 1), pixels(50, 1), pixels(50, 8), none)
    assert refused.reason == '0 points in the picture of at least 50'


def test_points_at_the_edge_take_the_pixel_at_the_edge():
    depth = np.full((3, 4), 1.0, np.float32)
    depth[0, 0], depth[2, 3] = 2.0, 5.0
    first = points_scale(pixels(50, -0.7), pixels(50, -0.7), pixels(50, 10), depth)
    last = points_scale(pixels(50, 3.6), pixels(50, 2.6), pixels(50, 10), depth)
    assert (first.value, last.value) == (pytest.approx(5.0), pytest.approx(2.0))
