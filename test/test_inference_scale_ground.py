"""The road in the depth: exact on planes, whatever their tilt, and refused where there is none."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.rays import camera_rays
from steps_ros.inference.scale.ground import find_ground, Ground, height_scale
from steps_ros.inference.scale.robust import Measurement, Refusal

CAMERA = Camera(160, 96, 110.0, 110.0, 80.0, 44.0)
FAR = 80.0


def road(height=1.0, pitch=0.0, roll=0.0, camera=CAMERA):
    """Depth of a level road under a camera that looks down by ``pitch``; the far wall above it."""
    down = math.cos(pitch) * np.array([math.sin(roll), math.cos(roll), math.tan(pitch)])
    across, below = camera_rays(camera)
    inverse = (down[0] * across + down[1] * below + down[2]) / height
    return (1 / np.maximum(inverse, 1 / FAR)).astype(np.float32)


@pytest.mark.parametrize(
    ('pitch', 'roll'), [(0, 0), (0.1, 0), (-0.08, 0), (0, 0.06), (0.08, -0.05)]
)
def test_height_of_a_plane_is_exact_whatever_the_tilt_of_the_camera(pitch, roll):
    found = find_ground(road(0.4, pitch, roll), CAMERA)
    assert isinstance(found, Ground)
    assert found.height == pytest.approx(0.4, rel=1e-4)
    assert found.normal[2] == pytest.approx(math.sin(pitch), abs=1e-4)


def test_the_scale_is_the_true_height_by_that_in_the_depth():
    measured = height_scale(road(0.4), CAMERA, 1.6)
    assert isinstance(measured, Measurement)
    assert measured.value == pytest.approx(4.0, rel=1e-3)
    assert measured.evidence > 500


def test_a_bent_lens_and_oblong_pixels_make_no_difference():
    bent = Camera(160, 96, 110.0, 90.0, 80.0, 44.0, 'plumb_bob', (-0.2, 0.05, 0.0, 0.0, 0.0))
    found = find_ground(road(0.7, 0.05, camera=bent), bent)
    assert found.height == pytest.approx(0.7, rel=1e-3)


def test_noise_and_thirty_percent_of_wrong_pixels_hardly_matter():
    random = np.random.default_rng(3)
    depth = road(1.5) * np.exp(0.02 * random.standard_normal((96, 160)))
    wrong = random.random((96, 160)) < 0.3
    depth = np.where(wrong, depth * random.uniform(0.2, 0.8, (96, 160)), depth)
    assert find_ground(depth.astype(np.float32), CAMERA).height == pytest.approx(1.5, rel=0.03)


def test_a_vehicle_ahead_leaves_enough_of_the_road():
    depth = road(1.5)
    depth[30:66, 50:110] = np.minimum(depth[30:66, 50:110], 8.0)
    assert find_ground(depth, CAMERA).height == pytest.approx(1.5, rel=0.02)


def test_the_bonnet_is_not_the_road_though_it_fills_more_of_the_picture():
    depth = road(1.5, 0.1)
    depth[68:] = road(0.35, 0.1)[68:]
    assert find_ground(depth, CAMERA).height == pytest.approx(1.5, rel=0.02)


@pytest.mark.parametrize(
    ('depth', 'reason'),
    [
        (np.full((96, 160), 6.0, np.float32), 'no road'),
        (np.full((96, 160), np.nan, np.float32), 'unknown'),
        (np.full((96, 160), np.inf, np.float32), 'unknown'),
        (np.where(np.arange(160) % 2, 4.0, 9.0) * np.ones((96, 1)), 'no road'),
        (np.random.default_rng(0).uniform(1, 50, (96, 160)), '(plane|no road)'),
    ],
    ids=['wall', 'nothing', 'sky', 'fence', 'noise'],
)
def test_what_is_no_road_is_refused_with_the_reason(depth, reason):
    refused = find_ground(depth.astype(np.float32), CAMERA)
    assert isinstance(refused, Refusal)
    assert re.search(reason, refused.reason)
    assert height_scale(depth.astype(np.float32), CAMERA, 1.5) == refused
