"""Blind depth maps: a plane seen from a known height, and the mean of many maps."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.eval.baselines import (
    cell_count,
    cell_numbers,
    fitted_plane,
    flat_ground_depth,
    GroundPlane,
    mean_log_depth,
    mounted_plane,
)
from steps_ros.eval.samples import Mounting, Reference

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


def test_the_plane_of_a_mounting_is_linear_in_inverse_depth():
    intrinsics = np.array([[50.0, 0, 31], [0, 55.0, 20], [0, 0, 1]])
    plane = mounted_plane(intrinsics, Mounting(1.6, 0.05, 0.02))
    rows, columns = np.mgrid[:40, :64].astype(np.float32)
    depth = plane.depth(columns, rows, 80.0)
    x, y = (columns - 31) / 50 * depth, (rows - 20) / 55 * depth
    height = np.cos(0.05) * (np.cos(0.02) * y + np.sin(0.02) * x) + np.sin(0.05) * depth
    np.testing.assert_allclose(height[depth < 79], 1.6, rtol=1e-4)


def test_the_ground_is_found_among_walls_and_noise():
    generator = np.random.default_rng(0)
    truth = GroundPlane(0.0001, 0.012, -0.4)
    columns, rows = generator.uniform(0, 320, 3000), generator.uniform(100, 192, 3000)
    depth = 1 / (truth.across * columns + truth.down * rows + truth.offset)
    depth *= generator.normal(1, 0.005, 3000)
    depth[::3] = generator.uniform(3, 30, 1000)
    found = fitted_plane(
        Reference(*(values.astype(np.float32) for values in (columns, rows, depth)), (192, 320))
    )
    np.testing.assert_allclose(found, truth, rtol=0.05, atol=2e-5)


def test_no_ground_is_found_where_there_is_none():
    generator = np.random.default_rng(0)
    values = generator.uniform(1, 190, (3, 900)).astype(np.float32)
    assert fitted_plane(Reference(*values, (192, 320))) is None
    few = np.ones(2, np.float32)
    assert fitted_plane(Reference(few, few * 190, few, (192, 320))) is None


def test_cells_cover_the_picture():
    rows, columns = (grid.ravel().astype(np.float32) for grid in np.mgrid[:96, :160])
    numbers = cell_numbers(Reference(columns, rows, np.ones_like(rows), (96, 160)))
    assert numbers.max() < cell_count((96, 160))
    assert len(np.unique(numbers)) == 64 * 39
