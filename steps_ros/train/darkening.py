"""
Frames taken by day as the same camera would have taken them with far less light.

On the device of the frames; :mod:`steps_ros.sim.darkening` does the same with one NumPy picture.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from steps_ros.sim.darkening import GAMMA

# Ranges that are drawn from, evenly in the logarithm: the mean grey level, of 255, and the
# electrons of white, whose square root is the noise of the light.
LEVELS, FULL_WELLS = (6.0, 90.0), (300.0, 6000.0)
READ_NOISE = 2.5


def darkened(frames: Tensor, generator: torch.Generator) -> Tensor:
    """
    Return frames in little light, with the noise of that light and 8 bits of it.

    All of them have one exposure. What is as dark as the drawn level already keeps its light and
    gets the noise alone.

    :param frames: (..., 3, H, W) uint8, of one camera in a row.
    :param generator: on the device of the frames.
    """
    level, full_well = (_drawn(*bounds, generator) for bounds in (LEVELS, FULL_WELLS))
    light = frames.float() / 255
    share = (level / 255 / light.mean().clamp_min(1e-6)).clamp(max=1)
    electrons = full_well * (light * share) ** GAMMA
    normal = torch.randn(frames.shape, generator=generator, device=frames.device)
    electrons = electrons + (electrons + READ_NOISE**2).sqrt() * normal
    seen = (electrons / full_well).clamp(0, 1) ** (1 / GAMMA)
    return (255 * seen).round().to(torch.uint8)


def _drawn(low: float, high: float, generator: torch.Generator) -> Tensor:
    """Draw a number whose logarithm is uniform."""
    place = torch.rand((), generator=generator, device=generator.device)
    return low * torch.exp(place * math.log(high / low))
