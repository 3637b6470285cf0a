"""
Light on surfaces: inverse square, Lambert, a little gloss, shadows; black where none falls.

All levels are physical (candela, cd/m2, lux), which keeps lamps, lit windows and road in their
true proportions.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.lamps import Lamps
from steps_ros.sim.mesh import Colour, Floats
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.texture import Surface

_GLOSS_POWER = 24.0
# Less than starlight: no camera shows it, so it needs no shadow rays.
FAINTEST_LUX = 0.01


@dataclass(frozen=True)
class Sky:
    """
    What comes from above.

    ``horizon`` and ``zenith`` radiance in cd/m2, ``ambient`` illuminance in lux on an upward
    face, ``sun`` illuminance in lux and the unit vector to it, ``fog`` per metre.
    """

    horizon: Colour
    zenith: Colour
    ambient: Colour
    sun: Colour = (0.0, 0.0, 0.0)
    to_sun: Colour = (0.0, 0.0, 1.0)
    fog: float = 0.0


@dataclass(frozen=True)
class Shading:
    """N points to be lit: world ``position``, ``normal`` and direction ``to_camera``, (N, 3)."""

    position: Floats
    normal: Floats
    to_camera: Floats


def lamp_irradiance(lamps: Lamps, index: int, position: Floats, normal: Floats) -> Floats:
    """
    Return the illuminance that one lamp gives to points, without shadows.

    :param position: (N, 3) metres.
    :param normal: (N, 3) unit normals.
    :returns: (N, 3) lux of linear RGB: intensity x lobe x cosine / distance squared.
    """
    offset = lamps.position[index] - position
    squared = np.maximum(_dot(offset, offset), 1e-4)
    distance = np.sqrt(squared)
    unit = offset / distance[:, None]
    cosine = np.maximum(_dot(unit, normal), 0)
    fade = np.clip((lamps.reach[index] - distance) / (0.3 * lamps.reach[index]), 0, 1)
    lobe = _beam(lamps.direction[index], -unit) if lamps.beam[index] else _half_space(
        lamps.direction[index], -unit
    )  # fmt: skip
    strength = lobe * fade * cosine / squared
    return np.asarray(strength[:, None] * lamps.intensity[index], np.float32)


def radiance(
    shading: Shading, surface: Surface, lamps: Lamps, sky: Sky, scenes: list[RayScene]
) -> Floats:
    """
    Return what the points send to the camera.

    :param scenes: what throws shadows; none for no shadows.
    :returns: (N, 3) cd/m2 of linear RGB.
    """
    up = 0.5 + 0.5 * shading.normal[:, 2:]
    light = np.asarray(sky.ambient, np.float32) * up
    shine = np.zeros_like(light)
    for index in range(len(lamps)):
        _add_lamp(shading, surface, lamps, index, scenes, light, shine)
    if max(sky.sun) > 0:
        light += _sunlight(shading, sky, scenes)
    return np.asarray(surface.albedo / math.pi * light + shine + surface.glow, np.float32)


def sky_radiance(directions: Floats, sky: Sky) -> Floats:
    """Return the sky's radiance (N, 3) in cd/m2 along unit directions (N, 3)."""
    height = np.clip(directions[:, 2:], 0, 1) ** 0.5
    horizon, zenith = np.asarray(sky.horizon, np.float32), np.asarray(sky.zenith, np.float32)
    return np.asarray(horizon * (1 - height) + zenith * height, np.float32)


def through_fog(colour: Floats, distance: Floats, sky: Sky) -> Floats:
    """Return radiance (N, 3) after ``distance`` (N,) metres of fog lit like the horizon."""
    left = np.exp(-sky.fog * distance)[:, None]
    return np.asarray(colour * left + np.asarray(sky.horizon, np.float32) * (1 - left))


def _add_lamp(
    shading: Shading, surface: Surface, lamps: Lamps, index: int,
    scenes: list[RayScene], light: Floats, shine: Floats,
) -> None:  # fmt: skip
    """Add one lamp's light, with its shadow, to the points within its reach."""
    near = _within_reach(shading.position, lamps.position[index], float(lamps.reach[index]))
    found = lamp_irradiance(lamps, index, shading.position[near], shading.normal[near])
    seen = found[:, 1] > FAINTEST_LUX
    near, found = near[seen], found[seen]
    if not len(near):
        return
    origin = shading.position[near] + 0.02 * shading.normal[near]
    target = np.broadcast_to(lamps.position[index], origin.shape)
    for scene in scenes:
        open_way = ~scene.is_blocked(origin, target)
        near, found = near[open_way], found[open_way]
        origin, target = origin[open_way], target[open_way]
    light[near] += found
    glossy = surface.gloss[near] > 0
    near, found = near[glossy], found[glossy]
    unit = _unit(lamps.position[index] - shading.position[near])
    halfway = _unit(unit + shading.to_camera[near])
    peak = np.maximum(_dot(halfway, shading.normal[near]), 0) ** _GLOSS_POWER
    shine[near] += found * (surface.gloss[near] * peak)[:, None]


def _within_reach(position: Floats, lamp: Floats, reach: float) -> NDArray[np.int64]:
    """Return the points in the cube round a lamp; one axis at a time, as most drop out early."""
    index = np.flatnonzero(np.abs(position[:, 0] - lamp[0]) < reach)
    return np.asarray(index[np.abs(position[index, 1] - lamp[1]) < reach])


def _dot(first: Floats, second: Floats) -> Floats:
    return np.asarray(np.einsum('ij,ij->i', first, second), np.float32)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.sqrt(_dot(vectors, vectors) + 1e-12)[:, None], np.float32)


def _sunlight(shading: Shading, sky: Sky, scenes: list[RayScene]) -> Floats:
    to_sun = np.asarray(sky.to_sun, np.float32)
    cosine = np.maximum(shading.normal @ to_sun, 0)
    origin = shading.position + 0.02 * shading.normal
    for scene in scenes:
        cosine = cosine * ~scene.is_blocked(origin, origin + 300 * to_sun)
    return np.asarray(cosine[:, None] * np.asarray(sky.sun, np.float32), np.float32)


def _half_space(axis: Floats, directions: Floats) -> Floats:
    """Return a cosine lobe with a little stray light around it."""
    return np.asarray(np.maximum(directions @ axis, 0) * 0.95 + 0.05, np.float32)


def _beam(axis: Floats, directions: Floats) -> Floats:
    """Return a dipped headlamp's lobe: wide, flat, and cut off just below the horizon."""
    forward = directions @ axis
    sideways = directions[:, 0] * -axis[1] + directions[:, 1] * axis[0]
    azimuth = np.arctan2(sideways, np.maximum(forward, 1e-3))
    elevation = np.arcsin(np.clip(directions[:, 2] - axis[2] * forward, -1, 1))
    below = 0.5 - 0.5 * np.tanh((elevation + 0.012) / 0.016)
    lobe = np.exp(-((azimuth / 0.32) ** 2) - (elevation / 0.14) ** 2)
    return np.asarray((forward > 0) * (lobe * (0.03 + 0.97 * below) + 0.004))
