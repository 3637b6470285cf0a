"""Motion blur: what stands stays sharp, what moves smears, nearer over farther."""

from __future__ import annotations

import numpy as np

from steps_ros.sim.motion_blur import blurred

SHAPE = (21, 320)


def scene(speed, bright=slice(100, 104), depth=10.0):
    light = np.zeros((*SHAPE, 3), np.float32)
    light[:, bright] = 1.0
    motion = np.zeros((*SHAPE, 2), np.float16)
    motion[:, bright, 0] = speed
    far = np.full(SHAPE, np.inf, np.float16)
    far[:, bright] = depth
    return light, motion, far


def test_what_stands_stays_as_it_is():
    light, motion, depth = scene(0.0)
    assert blurred(light, motion, depth, 0.05) is light


def test_a_short_shutter_freezes_motion():
    light, motion, depth = scene(50.0)
    assert blurred(light, motion, depth, 0.001) is light


def test_a_moving_lamp_smears_over_the_sky_by_the_length_of_its_path():
    found = blurred(*scene(80.0), 0.1)
    row = found[10, :, 0]
    lit = np.flatnonzero(row > 0.02)
    assert 4 + 6 <= lit[-1] - lit[0] + 1 <= 4 + 10
    assert row[102] == row.max() < 1
    # Light is spread, not made.
    assert 0.8 * 4 < row.sum() < 1.4 * 4


def test_a_moving_background_stays_behind_what_is_nearer():
    light, motion, depth = scene(0.0)
    motion[..., 0] = 80.0
    motion[:, 100:104] = 0
    found = blurred(light, motion, depth, 0.1)
    np.testing.assert_allclose(found[:, 100:104], 1.0, atol=1e-6)


def test_a_plain_surface_in_motion_stays_plain():
    light = np.full((*SHAPE, 3), 0.5, np.float32)
    motion = np.full((*SHAPE, 2), 60.0, np.float16)
    found = blurred(light, motion, np.full(SHAPE, 5.0, np.float16), 0.1)
    np.testing.assert_allclose(found, 0.5, atol=1e-5)
