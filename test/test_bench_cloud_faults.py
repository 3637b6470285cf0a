"""Faults of clouds, each made on purpose and counted once; the picture from above."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.bench.cloud_faults import find_faults, OPEN, picture, Scene, table
from steps_ros.core.camera import Camera
from steps_ros.inference.rays import camera_rays

CAMERA = Camera(80, 60, 60.0, 60.0, 39.5, 19.5)
HEIGHT = 1.5


@pytest.fixture
def scene() -> Scene:
    """Return a road with a wall across it at 15 m, seen by a level camera, predicted exactly."""
    up = -camera_rays(CAMERA)[1]
    with np.errstate(divide='ignore'):
        road = np.where(up < 0, -HEIGHT / up, np.inf)
    truth = np.minimum(road, 15.0).astype(np.float32)
    return Scene(truth, truth.copy(), np.ones_like(truth), CAMERA, up, HEIGHT)


def counts(scene: Scene) -> list[int]:
    return [int(mask.sum()) for mask in find_faults(scene, scene.predicted, OPEN)]


def test_exact_depth_has_no_faults(scene):
    assert counts(scene) == [4800, 4800, 0, 0]


def test_road_that_is_seen_too_near_is_a_false_obstacle(scene):
    # Two thirds of the way to the road is half a metre above it.
    scene.predicted[50:55, 20:30] *= 2 / 3
    assert counts(scene) == [4800, 4750, 0, 50]


def test_an_obstacle_that_is_a_little_off_is_none(scene):
    scene.predicted[:20] *= 1.2
    assert counts(scene) == [4800, 3200, 0, 0]


def test_a_point_between_two_surfaces_flies(scene):
    # A post at 5 m, and a pixel beside it that hangs half way to the wall.
    scene.truth[:20, 40:44] = 5.0
    scene.predicted[:20, 40:44] = 5.0
    scene.predicted[:10, 44] = 10.0
    _, _, flying, false_obstacles = counts(scene)
    assert flying == 10
    assert false_obstacles <= 10


def test_all_is_told_and_drawn(scene):
    rows = table([scene, scene]).splitlines()
    assert '| nothing left out | 4800 | 4800 | 0 | 0 |' in rows
    assert picture(scene).shape == (440, 990, 3)
