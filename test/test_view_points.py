"""An organised cloud, thinned for the browser."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.cloud import CloudLimits, organised_cloud
from steps_ros.view.points import thin_points

CAMERA = Camera(32, 24, 20.0, 20.0, 16.0, 12.0)
ALL = CloudLimits(stride=1, edge_ratio=0.0)


@pytest.fixture
def cloud() -> np.ndarray:
    depth = np.full((24, 32), 5.0, np.float32)
    depth[:12] = np.nan
    colour = np.zeros((24, 32, 3), np.uint8)
    colour[..., 0], colour[..., 2] = 250, np.arange(32)
    return organised_cloud(depth, CAMERA, colour, limits=ALL)


def test_a_small_cloud_keeps_all_points_but_the_holes(cloud):
    points = thin_points(cloud, 1000)
    assert points.total == len(points.positions) == 12 * 32
    assert points.median_depth == 5.0
    assert points.positions[0].tolist() == pytest.approx([-4.0, 0.0, 5.0])
    assert points.colours[1].tolist() == [250, 0, 1]


@pytest.mark.parametrize('most', [10, 50, 200, 383])
def test_a_large_cloud_is_thinned_to_the_limit(cloud, most):
    points = thin_points(cloud, most)
    assert points.total == 12 * 32
    assert 0 < len(points.positions) <= most
    assert points.colours.shape == points.positions.shape


def test_no_more_is_left_out_than_must_be(cloud):
    counts = [len(thin_points(cloud, most).positions) for most in (384, 383, 191, 95, 63)]
    assert counts == [384, 192, 96, 66, 44]


def test_a_cloud_of_holes_has_no_points():
    points = thin_points(np.full((4, 4, 4), np.nan, np.float32), 10)
    assert (points.total, points.median_depth) == (0, 1.0)
    assert points.colours.shape == (0, 3)
