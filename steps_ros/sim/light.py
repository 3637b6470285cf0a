"""
Light on surfaces: inverse square, Lambert, a little gloss, shadows; black where none falls.

All levels are physical (candela, cd/m2, lux), which keeps lamps, lit windows and road in their
true proportions.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

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


class Lit(NamedTuple):
    """
    N lit points.

    ``radiance`` (N, 3) cd/m2 of linear RGB towards the camera; ``illuminance`` (N, 3) lux of
    linear RGB that falls on the surface, whatever its colour.
    """

    radiance: Floats
    illuminance: Floats


def lamp_irradiance(lamps: Lamps, index: int, position: Floats, normal: Floats) -> Floats:
    """
    Return the illuminance that one lamp gives to points, without shadows.

    :param position: (N, 3) metres.
    :param normal: (N, 3) unit normals.
    :returns: (N, 3) lux of linear RGB: intensity x lobe x cosine / distance squared.
    """
    strength = np.zeros(len(position), np.float32)
    near, found = _strength(lamps, index, _axes(position), _axes(normal))
    strength[near] = found
    return np.asarray(strength[:, None] * lamps.intensity[index], np.float32)


def light_up(
    shading: Shading, surface: Surface, lamps: Lamps, sky: Sky, scenes: list[RayScene]
) -> Lit:
    """
    Return what falls on the points and what they send to the camera.

    :param scenes: what throws shadows; none for no shadows.
    """
    up = 0.5 + 0.5 * shading.normal[:, 2:]
    light = np.asarray(sky.ambient, np.float32) * up
    shine = np.zeros_like(light)
    places, normals = _axes(shading.position), _axes(shading.normal)
    origins = shading.position + 0.02 * shading.normal
    for index in range(len(lamps)):
        near, strength = _strength(lamps, index, places, normals)
        seen = strength * lamps.intensity[index, 1] > FAINTEST_LUX
        lit = _LampLight(near[seen], strength[seen], lamps.position[index], lamps.intensity[index])
        lit = _unshaded(lit, origins, scenes)
        found = lit.strength[:, None] * lit.intensity
        light[lit.near] += found
        _add_gloss(shading, surface.gloss, lit, found, shine)
    if max(sky.sun) > 0:
        light += _sunlight(shading, sky, scenes)
    radiance = np.asarray(surface.albedo / math.pi * light + shine + surface.glow, np.float32)
    return Lit(radiance, light)


def sky_radiance(directions: Floats, sky: Sky) -> Floats:
    """Return the sky's radiance (N, 3) in cd/m2 along unit directions (N, 3)."""
    height = np.clip(directions[:, 2:], 0, 1) ** 0.5
    horizon, zenith = np.asarray(sky.horizon, np.float32), np.asarray(sky.zenith, np.float32)
    return np.asarray(horizon * (1 - height) + zenith * height, np.float32)


def through_fog(colour: Floats, distance: Floats, sky: Sky) -> Floats:
    """Return radiance (N, 3) after ``distance`` (N,) metres of fog lit like the horizon."""
    left = np.exp(-sky.fog * distance)[:, None]
    return np.asarray(colour * left + np.asarray(sky.horizon, np.float32) * (1 - left))


class _LampLight(NamedTuple):
    """Points that one lamp may reach, how strongly, and the lamp's place and intensity."""

    near: NDArray[np.int64]
    strength: Floats
    lamp: Floats
    intensity: Floats


def _unshaded(lit: _LampLight, origins: Floats, scenes: list[RayScene]) -> _LampLight:
    """Return the points between which and the lamp nothing stands."""
    near, strength = lit.near, lit.strength
    origin = np.take(origins, near, axis=0)
    for scene in scenes:
        if not len(near):
            break
        is_open = np.flatnonzero(~scene.is_blocked(origin, lit.lamp))
        near, strength, origin = near[is_open], strength[is_open], origin[is_open]
    return lit._replace(near=near, strength=strength)


def _add_gloss(
    shading: Shading, gloss: Floats, lit: _LampLight, found: Floats, shine: Floats
) -> None:
    """Add what glossy points mirror of one lamp's light."""
    glossy = np.flatnonzero(gloss[lit.near] > 0)
    near, found = lit.near[glossy], found[glossy]
    unit = _unit(lit.lamp - shading.position[near])
    halfway = _unit(unit + shading.to_camera[near])
    peak = np.maximum(_dot(halfway, shading.normal[near]), 0) ** _GLOSS_POWER
    shine[near] += found * (gloss[near] * peak)[:, None]


def _strength(
    lamps: Lamps, index: int, places: Floats, normals: Floats
) -> tuple[NDArray[np.int64], Floats]:
    """
    Return which of N points a lamp may light, and lobe x cosine / distance squared there.

    :param places: (3, N) metres.
    :param normals: (3, N) unit normals.
    """
    lamp, reach = lamps.position[index], lamps.reach[index]
    near = _facing(lamp, float(reach), places, normals)
    dx, dy, dz = (lamp[axis] - places[axis, near] for axis in range(3))
    nx, ny, nz = (normals[axis, near] for axis in range(3))
    squared = np.maximum(dx * dx + dy * dy + dz * dz, np.float32(1e-4))
    distance = np.sqrt(squared)
    dx, dy, dz = dx / distance, dy / distance, dz / distance
    cosine = np.maximum(dx * nx + dy * ny + dz * nz, 0)
    fade = np.clip((reach - distance) / (0.3 * reach), 0, 1)
    lobe = _beam if lamps.beam[index] else _half_space
    return near, lobe(lamps.direction[index], -dx, -dy, -dz) * fade * cosine / squared


def _facing(lamp: Floats, reach: float, places: Floats, normals: Floats) -> NDArray[np.int64]:
    """Return the points within reach that look towards a lamp; the cheapest questions first."""
    index = np.flatnonzero(np.abs(places[0] - lamp[0]) < reach)
    index = index[np.abs(places[1, index] - lamp[1]) < reach]
    dx, dy, dz = (lamp[axis] - places[axis, index] for axis in range(3))
    squared = dx * dx + dy * dy + dz * dz
    index_in_reach = squared < reach * reach
    towards = dx * normals[0, index] + dy * normals[1, index] + dz * normals[2, index] > 0
    return np.asarray(index[index_in_reach & towards])


def _axes(vectors: Floats) -> Floats:
    """Return (N, 3) vectors as (3, N), which is what arithmetic on single axes reads fastest."""
    return np.ascontiguousarray(vectors.T)


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


def _half_space(axis: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    """Return a cosine lobe with a little stray light around it."""
    forward = x * axis[0] + y * axis[1] + z * axis[2]
    return np.asarray(np.maximum(forward, 0) * 0.95 + 0.05, np.float32)


def _beam(axis: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    """Return a dipped headlamp's lobe: wide, flat, and cut off just below the horizon."""
    forward = x * axis[0] + y * axis[1] + z * axis[2]
    sideways = x * -axis[1] + y * axis[0]
    azimuth = np.arctan2(sideways, np.maximum(forward, 1e-3))
    elevation = np.arcsin(np.clip(z - axis[2] * forward, -1, 1))
    below = 0.5 - 0.5 * np.tanh((elevation + 0.012) / 0.016)
    lobe = np.exp(-((azimuth / 0.32) ** 2) - (elevation / 0.14) ** 2)
    return np.asarray((forward > 0) * (lobe * (0.03 + 0.97 * below) + 0.004))
