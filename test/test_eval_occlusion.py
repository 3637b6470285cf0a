"""
Points behind near things are found; road, poles' surroundings and walls stay.
"""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.errors import SettingsError
from steps_ros.eval.occlusion import hidden, OcclusionSettings

# A degree is 10 pixels.
FOCAL = 10 / np.radians(1)
CAMERA = Camera(640, 480, FOCAL, FOCAL, 320.0, 240.0)


def rings(depth_of, columns=range(100, 200, 3), rows=range(100, 200, 4)):
    """Return columns, rows and depths of a grid of rings, 0.4 degrees apart."""
    u, v = (axis.ravel().astype(np.float32) for axis in np.meshgrid(columns, rows))
    return u, v, np.asarray(depth_of(u, v), np.float32)


def test_road_at_a_grazing_angle_stays():
    u, v, depth = rings(lambda u, v: 1.5 * FOCAL / (v - 99), rows=range(100, 240, 4))
    assert depth[0] > 500
    assert not hidden(u, v, depth, CAMERA).any()


def test_wall_at_a_grazing_angle_stays():
    # From 2 m aside and up to 95 m ahead; nearer to its vanishing point it thins out by itself.
    u, v, depth = rings(lambda u, v: 2.0 * FOCAL / (u - 88))
    assert not hidden(u, v, depth, CAMERA).any()


def test_points_seen_over_a_car_are_hidden():
    car = rings(lambda u, v: np.full_like(u, 8.0))
    behind = rings(lambda u, v: np.full_like(u, 30.0), range(121, 180, 3), range(122, 180, 4))
    u, v, depth = (np.concatenate(pair) for pair in zip(car, behind, strict=True))
    found = hidden(u, v, depth, CAMERA)
    assert not found[: len(car[0])].any()
    assert found[len(car[0]) :].all()


def test_points_beside_a_thing_stay():
    near = rings(lambda u, v: np.full_like(u, 8.0), range(100, 150, 3))
    far = rings(lambda u, v: np.full_like(u, 30.0), range(156, 200, 3))
    u, v, depth = (np.concatenate(pair) for pair in zip(near, far, strict=True))
    assert not hidden(u, v, depth, CAMERA).any()


def test_points_in_a_pole_are_hidden():
    pole = rings(lambda u, v: np.full_like(u, 5.0), [150])
    wall = rings(lambda u, v: np.full_like(u, 20.0), range(101, 200, 6), range(102, 198, 4))
    inside = (
        np.array([150.0], np.float32),
        np.array([150.0], np.float32),
        np.array([20.0], np.float32),
    )
    u, v, depth = (np.concatenate(parts) for parts in zip(pole, wall, inside, strict=True))
    found = hidden(u, v, depth, CAMERA)
    assert found[-1]
    assert not found[: len(pole[0])].any()
    beside = np.abs(u - 150) > 3
    assert not found[beside].any()


def test_slightly_nearer_is_no_cover():
    near = rings(lambda u, v: np.full_like(u, 17.0))
    far = rings(lambda u, v: np.full_like(u, 20.0), range(121, 180, 3), range(122, 180, 4))
    u, v, depth = (np.concatenate(pair) for pair in zip(near, far, strict=True))
    assert not hidden(u, v, depth, CAMERA).any()
    strict = OcclusionSettings(ratio=0.9)
    assert hidden(u, v, depth, CAMERA, strict)[len(near[0]) :].all()


def test_no_points():
    nothing = np.zeros(0, np.float32)
    assert hidden(nothing, nothing, nothing, CAMERA).shape == (0,)


def test_settings_out_of_range():
    with pytest.raises(SettingsError, match='out of range'):
        OcclusionSettings(ratio=1.5)
