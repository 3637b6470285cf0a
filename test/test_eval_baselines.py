"""Blind depth maps: a plane seen from a known height, and the mean of many maps."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.eval.baselines import flat_ground_depth, mean_log_depth

INTRINSICS = np.array([[100, 0, 20], [0, 80, 15], [0, 0, 1]], np.float32)


def test_a_level_camera_sees_the_ground_at_height_over_slope():
    depth = flat_ground_depth(INTRINSICS, (31, 41), (1.6, 0.0, 0.0), 80.0)
    assert depth[25, 3] == pytest.approx(1.6 / (10 / 80))
    assert (depth[:16] == 80).all()


def test_looking_down_brings_the_horizon_up():
    depth = flat_ground_depth(INTRINSICS, (31, 41), (1.6, np.arctan(5 / 80), 0.0), 1e6)
    assert (depth[11] < 1e6).all()
    assert (depth[10] > 1e5).all()


def test_the_mean_of_log_depth_is_the_geometric_mean():
    maps = [np.full((2, 3), 2.0, np.float32), np.full((2, 3), 8.0, np.float32)]
    np.testing.assert_allclose(mean_log_depth(maps, 80.0), 4.0, rtol=1e-6)


def test_the_sky_counts_as_the_farthest():
    assert mean_log_depth([np.full((1, 1), np.inf, np.float32)], 80.0) == pytest.approx(80)
