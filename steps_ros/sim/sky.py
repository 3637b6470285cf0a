"""
The sky of a night or a day: what it sends down, how it looks, and the mist below it.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from steps_ros.sim.mesh import Colour, Floats
from steps_ros.sim.pattern import noise_at

# Grains of the clouds, on a plane at height 1 above the camera, and their weights.
_CLOUDS = ((1.6, 0.5), (0.6, 0.3), (0.2, 0.2), (0.07, 0.1))
_NIGHT_TINTS: tuple[Colour, ...] = (
    (1.0, 0.55, 0.25), (1.0, 0.72, 0.5), (0.75, 0.8, 1.0), (0.35, 0.5, 1.0),
)  # fmt: skip


@dataclass(frozen=True)
class Sky:
    """
    What comes from above.

    ``horizon`` and ``zenith`` radiance in cd/m2, ``ambient`` illuminance in lux on an upward
    face, ``sun`` illuminance in lux and the unit vector to it, ``fog`` per metre. ``clouds`` of
    radiance ``cloud`` cover up to this share of the sky, where ``drift`` says.
    """

    horizon: Colour
    zenith: Colour
    ambient: Colour
    sun: Colour = (0.0, 0.0, 0.0)
    to_sun: Colour = (0.0, 0.0, 1.0)
    fog: float = 0.0
    clouds: float = 0.0
    cloud: Colour = (0.0, 0.0, 0.0)
    drift: float = 0.0


def draw_sky(generator: np.random.Generator, time: str) -> Sky:
    """Draw the sky; both times draw the same numbers, so twins share the rest of the scene."""
    level, mist, tint, turn, height, cover, drift = generator.random(7)
    fog = 0.0 if mist < 0.75 else 0.001 * math.exp(4 * (mist - 0.75) * math.log(20))
    clouds, drift = float(0.9 * (cover > 0.25) * tint), 400.0 * float(drift)
    if time == 'night':
        glow = math.exp(math.log(0.006) + level * math.log(40))
        hue = _NIGHT_TINTS[int(tint * len(_NIGHT_TINTS))]
        return Sky(
            _times(hue, glow), _times(hue, 0.35 * glow), _times(hue, 2.2 * glow),
            fog=fog, clouds=clouds, cloud=_times(hue, 1.1 * glow), drift=drift,
        )  # fmt: skip
    brightness = 4500 + 6000 * level
    # Overcast to deep blue, which is seldom.
    clear = max(0.0, 1.4 * cover - 0.4) ** 1.5
    blue = (1.0 - 0.75 * clear, 1.0 - 0.5 * clear, 1.0)
    azimuth, elevation = 2 * math.pi * turn, math.radians(12 + 55 * height)
    to_sun = (
        math.cos(elevation) * math.cos(azimuth),
        math.cos(elevation) * math.sin(azimuth),
        math.sin(elevation),
    )
    sun = 0.0 if cover < 0.45 else 60000 * math.sin(elevation) ** 0.5
    # Haze shines in the sun, most of all far away.
    haze = 1.9 if sun else 1.1
    pale = (1.0 - 0.2 * clear, 1.0 - 0.08 * clear, 1.0)
    return Sky(
        _times(pale, brightness * haze),
        _times(blue, brightness * (1.4 - 0.5 * clear)),
        _times(pale, brightness * 1.6 * (1 - 0.3 * clear)),
        sun=_times((1.0, 0.94, 0.84), sun),
        to_sun=to_sun,
        fog=fog,
        clouds=clouds,
        cloud=_times((1.0, 1.0, 1.0), brightness * (1.0 + clear)),
        drift=drift,
    )


def sky_radiance(directions: Floats, sky: Sky) -> Floats:
    """Return the sky's radiance (N, 3) in cd/m2 along unit directions (N, 3)."""
    up = np.clip(directions[:, 2:], 0, 1)
    horizon, zenith = np.asarray(sky.horizon, np.float32), np.asarray(sky.zenith, np.float32)
    colour = horizon * (1 - up**0.5) + zenith * up**0.5
    if sky.clouds and len(directions):
        # Far ones lie close together; a haze takes them away.
        places = directions[:, :2] / (up + 0.12) + np.float32(sky.drift)
        noise = np.zeros(len(up), np.float32)
        for grain, weight in _CLOUDS:
            noise += weight * noise_at(places[:, 0] / grain, places[:, 1] / grain)
        cover = np.clip((noise[:, None] + sky.clouds - 0.35) / 0.4, 0, 1) * np.clip(8 * up, 0, 1)
        cloud = np.asarray(sky.cloud, np.float32) * (1 + 0.35 * noise[:, None])
        colour += cover * (cloud - colour)
    return np.asarray(colour, np.float32)


def through_fog(colour: Floats, distance: Floats, sky: Sky) -> Floats:
    """Return radiance (N, 3) after ``distance`` (N,) metres of fog lit like the horizon."""
    left = np.exp(-sky.fog * distance)[:, None]
    return np.asarray(colour * left + np.asarray(sky.horizon, np.float32) * (1 - left))


def _times(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)
