"""Pictures with less light: how dark, how noisy, and what stays."""

import numpy as np
import pytest

from steps_ros.sim.darkening import darkened, GAMMA


def ramp() -> np.ndarray:
    return np.tile(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], (200, 1, 3))


@pytest.mark.parametrize('level', [10, 18, 40])
def test_the_mean_level_is_what_was_asked_for(level):
    dark = darkened(ramp(), np.random.default_rng(0), level)
    assert (dark.dtype, dark.shape) == (np.uint8, (200, 256, 3))
    assert dark.mean() == pytest.approx(level, rel=0.1)


def test_light_falls_alike_and_brings_its_own_noise():
    dark = darkened(ramp(), np.random.default_rng(1), 40.0).astype(float)
    # Where there is light enough, the mean of many pixels is the level times the share.
    share = 40 / ramp().mean()
    np.testing.assert_allclose(dark[:, 100:].mean((0, 2)), np.arange(100, 256) * share, atol=1.2)
    # Noise in electrons, seen through the slope of the curve.
    electrons = 6000 * (200 * share / 255) ** GAMMA
    levels = (
        255 * (electrons / 6000) ** (1 / GAMMA) / GAMMA / electrons * np.sqrt(electrons + 2.5**2)
    )
    assert dark[:, 200].std() == pytest.approx(levels, rel=0.12)


def test_what_is_dark_already_gets_no_light():
    night = np.full((40, 60, 3), 9, np.uint8)
    dark = darkened(night, np.random.default_rng(2), 18.0, full_well=1e9, read_noise=0.0)
    np.testing.assert_array_equal(dark, night)
    black = np.zeros((40, 60, 3), np.uint8)
    assert darkened(black, np.random.default_rng(2)).mean() < 8


def test_a_seed_is_a_picture():
    once, again, other = (darkened(ramp(), np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
