"""Triplets in little light: how dark, how noisy, one exposure, and a seed is a picture."""

import pytest
import torch

from steps_ros.sim.darkening import GAMMA
from steps_ros.train import darkening
from steps_ros.train.darkening import darkened, LEVELS


def ramp(brightest: int = 255) -> torch.Tensor:
    """Return frames (3, 3, 100, 256), brighter to the right, the last one half as bright."""
    row = torch.linspace(0, brightest, 256)
    frames = row.expand(3, 3, 100, 256).clone()
    frames[2] /= 2
    return frames.to(torch.uint8)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_levels_are_drawn_evenly_in_the_logarithm():
    means = torch.stack([darkened(ramp(), generator(seed)).float().mean() for seed in range(150)])
    # Noise below black is cut off, which lifts the darkest of them.
    assert LEVELS[0] < means.min() < 9
    assert 80 < means.max() < LEVELS[1] + 1
    assert means.median() == pytest.approx((LEVELS[0] * LEVELS[1]) ** 0.5, rel=0.35)


def test_light_falls_alike_and_brings_its_own_noise(monkeypatch):
    monkeypatch.setattr(darkening, 'LEVELS', (40.0, 40.0))
    monkeypatch.setattr(darkening, 'FULL_WELLS', (6000.0, 6000.0))
    dark = darkened(ramp(), generator(1)).float()
    assert dark.shape == (3, 3, 100, 256)
    # One exposure: the frame that had half the level has it still.
    share = 40 / ramp().float().mean()
    expected = torch.arange(150, 256) * share
    torch.testing.assert_close(dark[0, ..., 150:].mean((0, 1)), expected, atol=1.5, rtol=0)
    torch.testing.assert_close(dark[2, ..., 150:].mean((0, 1)), expected / 2, atol=3.0, rtol=0)
    # Noise in electrons, seen through the slope of the curve.
    electrons = 6000 * (200 * share / 255) ** GAMMA
    spread = 255 / 6000 ** (1 / GAMMA) / GAMMA * electrons ** (1 / GAMMA - 1)
    spread *= (electrons + 2.5**2) ** 0.5
    assert dark[0, ..., 200].std() == pytest.approx(float(spread), rel=0.15)


def test_what_is_dark_already_gets_no_light(monkeypatch):
    monkeypatch.setattr(darkening, 'LEVELS', (90.0, 90.0))
    monkeypatch.setattr(darkening, 'FULL_WELLS', (1e9, 1e9))
    night = ramp(60)
    # With so many electrons there is hardly any noise.
    torch.testing.assert_close(darkened(night, generator(2)), night, atol=1, rtol=0)
    black = torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    assert darkened(black, generator(2)).max() <= 1


def test_a_seed_is_a_picture():
    once, again, other = (darkened(ramp(), generator(seed)) for seed in (3, 3, 4))
    assert once.dtype == torch.uint8
    assert torch.equal(once, again)
    assert not torch.equal(once, other)
