"""Faults of clouds, each made on purpose and counted once; the picture from above."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from steps_ros.bench import cloud_faults
from steps_ros.bench.cloud_faults import (
    draw_scenes,
    find_faults,
    OPEN,
    picture,
    Scene,
    table,
    VARIANTS,
)
from steps_ros.core.camera import Camera
from steps_ros.inference.rays import camera_rays

CAMERA = Camera(80, 60, 60.0, 60.0, 39.5, 19.5)
HEIGHT = 1.5
VARIANTS_COMPARED = ('nothing left out', 'edges 0.2')


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


class Flat:
    """Predicts a wall, confidently."""

    def predict(self, image, camera):
        wall = np.full(image.shape[:2], 10.0, np.float32)
        return SimpleNamespace(depth=wall, confidence=np.ones_like(wall))


def test_the_edge_filter_takes_flying_points_of_a_simulated_street_and_leaves_the_rest(
    monkeypatch,
):
    monkeypatch.setattr(cloud_faults, 'SIZE', (96, 160))
    (street,) = draw_scenes(Flat(), 1)
    # Networks smear inverse depth across edges.
    inverse = np.where(np.isfinite(street.truth), 1 / street.truth, 0)
    smeared = 1 / np.maximum(cv2.GaussianBlur(inverse, (0, 0), 1.5), 0.01)
    every, kept = (find_faults(street, smeared, VARIANTS[name]) for name in VARIANTS_COMPARED)
    assert every.flying.sum() > 500
    assert every.false_obstacle.sum() > 100
    assert kept.flying.sum() < every.flying.sum() / 4
    assert kept.false_obstacle.sum() < every.false_obstacle.sum() / 4
    assert kept.right.sum() > 0.9 * every.right.sum()


def test_all_is_told_and_drawn(scene):
    rows = table([scene, scene]).splitlines()
    assert '| nothing left out | 4800 | 4800 | 0 | 0 |' in rows
    assert picture(scene).shape == (440, 990, 3)
