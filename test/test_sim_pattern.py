"""Regular detail: where joints are, and that nothing flickers far away."""

from __future__ import annotations

import numpy as np

from steps_ros.sim.mesh import Kind
from steps_ros.sim.pattern import cracks, hashed, line, masonry, road_wear
from steps_ros.sim.road import Road
from steps_ros.sim.texture import Look, Points, surface

LOOK = Look((3.0, 6.0), False, False, 0.0, 100.0, 0.0, 1.0, 0.0, 0.0)
PLACES = np.random.default_rng(0).uniform(0, 30, (2, 500)).astype(np.float32)


def fine(count, metres=0.001):
    return np.full(count, metres, np.float32)


def test_a_line_covers_its_share():
    offset = np.array([0.0, 0.05, 0.2], np.float32)
    np.testing.assert_allclose(line(offset, 0.1, fine(3)), [1, 1, 0], atol=1e-5)
    np.testing.assert_allclose(line(offset[:1], 0.1, fine(1, 2.0)), [0.1], rtol=1e-6)


def test_joints_are_between_stones_and_courses_are_shifted():
    across = np.array([0.0, 0.125, 0.125, 0.0], np.float32)
    up = np.array([0.04, 0.04, 0.11, 0.11], np.float32)
    joints, _ = masonry(across, up, (0.25, 0.075), fine(4))
    np.testing.assert_allclose(joints, [1, 0, 1, 0], atol=1e-3)


def test_detail_fades_with_distance():
    near, far = (masonry(*PLACES, (0.25, 0.075), fine(500, size)) for size in (0.002, 2.0))
    assert np.ptp(near[1]) > 1.5
    assert np.abs(far[1]).max() == 0
    assert far[0].max() < 0.05
    assert cracks(PLACES[0] * 0, fine(500, 1.0)).max() == 0


def test_a_worn_road_keeps_its_brightness_on_the_whole():
    wear = road_wear(*PLACES * 10, fine(500, 0.01), 3.3)
    assert 0.85 < wear.mean() < 1.1
    assert wear.std() > 0.05


def test_numbers_are_spread_evenly():
    numbers = hashed(np.arange(4000), np.zeros(4000, np.int32))
    assert abs(numbers.mean() - 0.5) < 0.02
    assert 0 <= numbers.min() < numbers.max() < 1


def test_only_signs_shine_back():
    kinds = np.array(list(Kind), np.int32)
    count = len(kinds)
    points = Points(
        np.zeros((count, 3), np.float32), np.zeros(count, np.int32), fine(count),
        np.full((count, 3), 0.5, np.float32), kinds, np.zeros(count, np.int32),
    )  # fmt: skip
    found = surface(points, Road(), LOOK)
    np.testing.assert_array_equal(found.retro > 0, kinds == Kind.SIGN)
