"""Colours of depth: near is red, far is blue, unknown is black."""

from __future__ import annotations

import numpy as np

from steps_ros.inference.colour import colour_depth


def test_near_is_red_far_is_blue_unknown_is_black():
    depth = np.array([[1.0, 1.5, 50.0, np.inf, np.nan]], np.float32)
    near, middle, far, sky, unknown = colour_depth(depth, 1.0, 50.0)[0].tolist()
    assert near[0] > 100 > near[2]
    assert middle not in (near, far)
    assert far[2] > far[1]
    assert sky == far
    assert unknown == [0, 0, 0]


def test_what_is_nearer_than_the_range_keeps_its_first_colour():
    depth = np.array([[0.01, 1.0]], np.float32)
    painted = colour_depth(depth, 1.0, 2.0)
    assert (painted[0, 0] == painted[0, 1]).all()
