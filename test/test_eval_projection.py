"""
Exact places of points in pictures, with and without distortion.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError
from steps_ros.eval.projection import project

PINHOLE = Camera(640, 480, 400.0, 410.0, 320.0, 240.0)


def lens(model, *coefficients):
    return Camera(640, 480, 400.0, 410.0, 320.0, 240.0, model, coefficients)


def test_pinhole():
    points = np.array([[1, 0.5, 4], [0, 0, 10]], np.float32)
    places = project(points, PINHOLE)
    np.testing.assert_allclose(places.columns, [420, 320])
    np.testing.assert_allclose(places.rows, [291.25, 240])
    np.testing.assert_array_equal(places.depth, [4, 10])


def test_behind_too_near_and_outside_are_left_out():
    points = np.array([[0, 0, -5], [0, 0, 0.05], [9, 0, 5], [0, 0, 5]], np.float32)
    places = project(points, PINHOLE)
    np.testing.assert_array_equal(places.indices, [3])


def test_picture_ends_half_a_pixel_beyond_its_centres():
    edges = np.array([-0.49, -0.51, 639.49, 639.51])
    points = np.stack([(edges - 320) / 400, np.zeros(4), np.ones(4)], 1).astype(np.float32)
    np.testing.assert_array_equal(project(points, PINHOLE).indices, [0, 2])


@pytest.mark.parametrize(
    ('camera', 'radius'),
    [
        (lens('plumb_bob', -0.2, 0.05, 0, 0, 0), 0.5 * (1 - 0.2 * 0.25 + 0.05 * 0.0625)),
        (lens('plumb_bob', -0.2, 0.05, 0, 0), 0.5 * (1 - 0.2 * 0.25 + 0.05 * 0.0625)),
        (
            lens('rational_polynomial', 0.1, 0, 0, 0, 0, 0.2, 0, 0),
            0.5 * (1 + 0.1 * 0.25) / (1 + 0.2 * 0.25),
        ),
        (lens('equidistant', 0, 0, 0, 0), math.atan(0.5)),
        (lens('equidistant', 0.1, 0, 0, 0), math.atan(0.5) * (1 + 0.1 * math.atan(0.5) ** 2)),
    ],
)
def test_lenses(camera, radius):
    places = project(np.array([[1, 0, 2], [0, -1, 2]], np.float32), camera)
    np.testing.assert_allclose(places.columns, [320 + 400 * radius, 320], rtol=1e-6)
    np.testing.assert_allclose(places.rows, [240, 240 - 410 * radius], rtol=1e-6)


def test_polynomial_does_not_fold_far_points_back_into_the_picture():
    camera = lens('plumb_bob', -0.3, 0.0, 0, 0)
    # r (1 - 0.3 r2) turns back at r = 1.05: a ray of 1.8 would land at 0.05.
    points = np.array([[1.8, 0, 1], [0.5, 0, 1]], np.float32)
    np.testing.assert_array_equal(project(points, camera).indices, [1])


def test_no_points():
    empty = np.zeros((0, 3), np.float32)
    for camera in (PINHOLE, lens('plumb_bob', 0.1, 0, 0, 0), lens('equidistant', 0.1, 0, 0, 0)):
        assert len(project(empty, camera).depth) == 0


def test_unknown_lens():
    with pytest.raises(FrameError, match="'division' is not known"):
        project(np.array([[0, 0, 1]], np.float32), lens('division', 0.1))
