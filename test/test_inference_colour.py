"""Colours of depth: near is red, far is blue, unknown is grey, sky is pale."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.inference.colour import colour_depth, colour_range, SKY, UNKNOWN


def test_near_is_red_far_is_blue_unknown_is_grey_sky_is_pale():
    depth = np.array([[1.0, 1.5, 50.0, np.inf, np.nan]], np.float32)
    near, middle, far, sky, unknown = colour_depth(depth, 1.0, 50.0)[0].tolist()
    assert near[0] > 100 > near[2]
    assert middle not in (near, far)
    assert far[2] > far[1]
    assert tuple(sky) == SKY
    assert tuple(unknown) == UNKNOWN


def test_what_is_nearer_than_the_range_keeps_its_first_colour():
    depth = np.array([[0.01, 1.0]], np.float32)
    painted = colour_depth(depth, 1.0, 2.0)
    assert (painted[0, 0] == painted[0, 1]).all()


def test_one_depth_has_one_colour_in_every_image():
    first = colour_depth(np.array([[3.0, 1.0]], np.float32), 1.0, 50.0)
    second = colour_depth(np.array([[3.0, 40.0]], np.float32), 1.0, 50.0)
    assert (first[0, 0] == second[0, 0]).all()


def test_zero_depth_is_painted_as_near():
    painted = colour_depth(np.array([[0.0, 1.0]], np.float32), 1.0, 2.0)
    assert (painted[0, 0] == painted[0, 1]).all()


def test_range_leaves_out_the_ends_and_what_is_not_finite():
    depth = np.arange(1, 102, dtype=np.float32).reshape(1, -1)
    depth = np.hstack([depth, np.array([[np.nan, np.inf, -1, 0]], np.float32)])
    assert colour_range(depth) == pytest.approx((3.0, 99.0))


def test_range_of_nothing_and_of_one_value():
    assert colour_range(np.full((2, 2), np.nan, np.float32)) == (0.1, 100.0)
    nearest, farthest = colour_range(np.full((2, 2), 5, np.float32))
    assert nearest == 5 < farthest
