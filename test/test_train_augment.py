"""Windows of pictures: depth and rays stay beside their pixels, whatever is cut or mirrored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.rays import camera_rays
from steps_ros.train import augment
from steps_ros.train.augment import (
    draw_aspect,
    draw_sample,
    FILTER_WIDTHS,
    NARROWEST,
    repainted,
    UNKNOWN_CAMERA,
    WIDEST,
)

CAMERA = Camera(192, 128, 110, 100, 97, 60)


@pytest.mark.parametrize('bends', [(), (-0.15, 0.01, 0.001, 0, 0)])
@pytest.mark.parametrize('size', [(64, 96), (128, 160), (64, 224)])
def test_rays_are_those_of_the_pixels(bends, size):
    camera = replace(CAMERA, distortion=bends)
    across, down = camera_rays(camera)
    depth = (20 + 5 * down + np.abs(across)).astype(np.float16)
    image = np.zeros((128, 192, 3), np.uint8)
    generator = np.random.default_rng(3)
    known, sides = 0, set()
    for _ in range(12):
        sample = draw_sample(image, depth, camera, size, generator)
        assert sample.image.shape == (*size, 3)
        assert sample.depth.shape == size
        if sample.rays is None:
            continue
        expected = 20 + 5 * sample.rays[1] + np.abs(sample.rays[0])
        np.testing.assert_allclose(sample.depth, expected, atol=0.12)
        known += 1
        sides.add(bool(sample.rays[0, 0, 0] < sample.rays[0, 0, -1]))
    assert known > 6
    assert sides == {True}


def test_pixels_stay_beside_their_depth(monkeypatch):
    """Brightness is depth here, and tone changes are monotonic where colours stay."""
    monkeypatch.setattr(augment, 'REPAINTED', 0.0)
    ramp = np.linspace(10, 200, 192)[None].repeat(128, 0)
    image = ramp.astype(np.uint8)[..., None].repeat(3, 2)
    generator = np.random.default_rng(1)
    for _ in range(6):
        sample = draw_sample(image, ramp.astype(np.float16), CAMERA, (64, 96), generator)
        brightness = sample.image.astype(float).mean(axis=(0, 2))
        assert np.corrcoef(brightness, sample.depth[0].astype(float))[0, 1] > 0.97


def test_other_colours_keep_edges_and_contrast():
    left, light = slice(0, 40), np.full((48, 96, 3), 0.3, np.float32)
    light[:, left] = 0.5, 0.6, 0.4
    seen, reach = [], max(FILTER_WIDTHS) // 2
    for number in range(40):
        painted = repainted(light, np.random.default_rng(number))
        assert (painted.dtype, painted.shape) == (light.dtype, light.shape)
        # Nothing changes within an even surface, and all of the change is at its edge.
        even = np.delete(painted, range(40 - reach, 40 + reach), axis=1)
        assert np.ptp(even[:, : 40 - reach], axis=(0, 1)).max() < 1e-4
        assert np.ptp(even[:, 40 - reach :], axis=(0, 1)).max() < 1e-4
        np.testing.assert_allclose(painted.mean((0, 1)), light.mean((0, 1)), atol=0.01)
        seen.append(painted[0, 0] - painted[0, -1])
    steps = np.array(seen)
    # What was brighter may be darker now, of one colour and not of another, never more contrasty.
    assert (steps > 0).any(axis=0).all()
    assert (steps < 0).any(axis=0).all()
    assert (np.abs(steps) < 1.1 * (light[0, 0] - light[0, -1])).all()


def test_some_cameras_are_unknown():
    generator = np.random.default_rng(0)
    image, depth = np.zeros((128, 192, 3), np.uint8), np.ones((128, 192), np.float16)
    unknown = [
        draw_sample(image, depth, CAMERA, (64, 96), generator).rays is None for _ in range(300)
    ]
    assert np.mean(unknown) == pytest.approx(UNKNOWN_CAMERA, abs=0.05)


def test_aspects_lie_in_their_range():
    generator = np.random.default_rng(0)
    aspects = [draw_aspect(generator) for _ in range(200)]
    assert min(aspects) >= NARROWEST
    assert max(aspects) <= WIDEST
    assert np.median(aspects) == pytest.approx(np.sqrt(NARROWEST * WIDEST), rel=0.1)
