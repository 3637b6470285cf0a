"""
The sky of a night or a day.
"""

from __future__ import annotations

import math

import numpy as np

from steps_ros.sim.light import Sky
from steps_ros.sim.mesh import Colour


def draw_sky(generator: np.random.Generator, time: str) -> Sky:
    """Draw the sky; both times draw the same numbers, so twins share the rest of the scene."""
    level, mist, tint, turn, height, cloud = generator.random(6)
    fog = 0.0 if mist < 0.75 else 0.001 * math.exp(4 * (mist - 0.75) * math.log(20))
    if time == 'night':
        glow = math.exp(math.log(0.002) + level * math.log(60))
        warm = (1.0, 0.72 + 0.2 * tint, 0.45 + 0.6 * tint)
        return Sky(
            _times(warm, glow), _times(warm, 0.35 * glow), _times(warm, 2.2 * glow), fog=fog
        )
    brightness = 3000 + 5000 * level
    blue = (0.95 - 0.5 * cloud, 0.97 - 0.3 * cloud, 1.0)
    azimuth, elevation = 2 * math.pi * turn, math.radians(12 + 55 * height)
    to_sun = (
        math.cos(elevation) * math.cos(azimuth),
        math.cos(elevation) * math.sin(azimuth),
        math.sin(elevation),
    )
    sun = 0.0 if cloud < 0.35 else 60000 * math.sin(elevation) ** 0.5
    return Sky(
        (brightness, brightness, brightness),
        _times(blue, brightness * (1.2 - 0.7 * cloud)),
        _times(blue, brightness * 2.6),
        sun=_times((1.0, 0.94, 0.84), sun),
        to_sun=to_sun,
        fog=fog,
    )


def _times(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)
