"""The road in the depth: exact on planes, whatever their tilt, and refused where there is none."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.rays import camera_rays
from steps_ros.inference.scale.ground import find_ground, Ground
from steps_ros.inference.scale.robust import Refusal

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


def test_the_plane_is_fitted_to_all_of_its_pixels():
    """A plane through three of them, however well chosen, is off by as much as they are."""
    random = np.random.default_rng(4)
    off = []
    for _ in range(8):
        depth = road(1.5, 0.1) * np.exp(0.04 * random.standard_normal((96, 160)))
        off.append(abs(find_ground(depth.astype(np.float32), CAMERA).height / 1.5 - 1))
    assert np.mean(off) < 0.004


def test_a_wall_that_fills_more_than_the_road_is_passed_over():
    depth = road(1.5, 0.1)
    depth[:, 76:] = 2.0
    found = find_ground(depth, CAMERA)
    assert found.height == pytest.approx(1.5, rel=0.01)
    assert found.share < 0.5


def test_a_vehicle_ahead_leaves_enough_of_the_road():
    depth = road(1.5)
    depth[30:66, 50:110] = np.minimum(depth[30:66, 50:110], 8.0)
    assert find_ground(depth, CAMERA).height == pytest.approx(1.5, rel=0.02)


@pytest.mark.parametrize(('unit', 'above'), [(0.1, 0.35), (1.0, 0.8), (10.0, 0.35)])
def test_the_bonnet_is_not_the_road_though_it_fills_more_of_the_picture(unit, above):
    depth = road(1.5, 0.1)
    depth[68:] = road(above, 0.1)[68:]
    found = find_ground(unit * depth, CAMERA)
    assert found.height == pytest.approx(1.5 * unit, rel=0.02)
    assert found.rows.max() < 68


def test_a_dip_is_not_the_road_nor_is_a_kerb():
    """What lies below counts where it is far below, and has 15 % of the pixels."""
    dip = road(0.5, 0.1)
    dip[48:54] = road(1.5, 0.1)[48:54]
    assert find_ground(dip, CAMERA).height == pytest.approx(0.5, rel=0.02)
    lower = road(1.0, 0.1)
    lower[48:66] = road(1.4, 0.1)[48:66]
    assert find_ground(lower, CAMERA).height == pytest.approx(1.0, rel=0.02)


def looked_at(height: int, width: int, step: int) -> set[tuple[int, int]]:
    """Return the pixels of the trapezoid by its definition."""
    pixels = set()
    for row in range(height // 2, int(0.97 * height), step):
        half = 0.15 + 0.2 * (row / height - 0.5) / 0.47
        pixels |= {(row, c) for c in range(0, width, step) if abs(c / width - 0.5) <= half}
    return pixels


@pytest.mark.parametrize(('size', 'step'), [((96, 160), 2), ((48, 64), 1), ((100, 330), 4)])
def test_the_lower_middle_of_the_picture_is_looked_at(size, step):
    height, width = size
    camera = Camera(width, height, 0.7 * width, 0.7 * width, width / 2, 0.46 * height)
    found = find_ground(road(1.0, 0.1, camera=camera), camera)
    assert set(zip(found.rows.tolist(), found.columns.tolist(), strict=True)) == looked_at(
        height, width, step
    )
    assert found.share == 1
    assert found.spread == pytest.approx(0, abs=1e-5)


def test_spread_is_the_noise_of_the_road_and_share_what_of_it_is_known():
    random = np.random.default_rng(5)
    depth = road(1.5, 0.1) * np.exp(0.015 * random.standard_normal((96, 160)))
    depth[random.random((96, 160)) < 0.5] = np.nan
    found = find_ground(depth.astype(np.float32), CAMERA)
    assert found.spread == pytest.approx(0.015, rel=0.15)
    assert found.share == pytest.approx(0.5, abs=0.06)


def test_a_quarter_of_the_pixels_is_not_enough():
    places = sorted(looked_at(96, 160, 2))
    for share, is_enough in ((0.35, True), (0.25, False)):
        depth = np.full((96, 160), np.nan, np.float32)
        for row, column in places[:: round(1 / share)] if share < 0.3 else places[::3]:
            depth[row, column] = road(1.5, 0.1)[row, column]
        found = find_ground(depth, CAMERA)
        assert isinstance(found, Ground) is is_enough
    assert found.reason == 'only 25% of the lower middle of the picture lie on one plane'


def test_sixty_pixels_are_enough():
    camera = Camera(30, 20, 21.0, 21.0, 15.0, 9.0)
    places = sorted(looked_at(20, 30, 1))
    assert 60 < len(places) < 200
    for count in (59, 60):
        depth = np.full((20, 30), np.nan, np.float32)
        for number in range(count):
            row, column = places[number * len(places) // count]
            depth[row, column] = road(1.5, 0.1, camera=camera)[row, column]
        found = find_ground(depth, camera)
        assert isinstance(found, Ground) is (count == 60)
    assert len(found.rows) == 60


@pytest.mark.parametrize(
    ('pitch', 'roll', 'is_road'),
    [(24.5, 0, True), (25.5, 0, False), (0, 11.5, True), (0, 12.5, False), (0, -12.5, False)],
)
def test_roads_tilt_by_25_degrees_along_and_12_across_at_most(pitch, roll, is_road):
    wide = Camera(160, 96, 60.0, 60.0, 80.0, 30.0)
    tilt = math.radians(pitch), math.radians(roll)
    across, below = camera_rays(wide)
    normal = np.array([math.tan(tilt[1]), 1, math.tan(tilt[0])])
    inverse = normal[0] * across + normal[1] * below + normal[2]
    found = find_ground((1 / np.maximum(inverse, 1 / FAR)).astype(np.float32), wide)
    assert isinstance(found, Ground) is is_road
    if not is_road:
        assert found.reason == 'no road in the lower middle of the picture'


def test_a_plane_that_does_not_lead_away_may_be_anything():
    narrow = Camera(160, 96, 600.0, 600.0, 80.0, 44.0)
    refused = find_ground(road(1.0, 0.35, camera=narrow), narrow)
    assert refused == Refusal('the plane ahead does not lead away from the camera')
    less = Camera(160, 96, 200.0, 200.0, 80.0, 44.0)
    assert isinstance(find_ground(road(1.0, 0.2, camera=less), less), Ground)


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
