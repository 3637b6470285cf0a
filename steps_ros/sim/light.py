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
from steps_ros.sim.mesh import Floats
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.sky import Sky
from steps_ros.sim.texture import Surface

# Less than starlight: no camera shows it, so it needs no shadow rays.
FAINTEST_LUX = 0.02
# One minus the cosine of the angle at which retro-reflection is down to a half: 1.8 degrees.
_RETRO_SPREAD = 5e-4
# Of the sky's light some comes from other surfaces where they hide it.
_DAYLIGHT_LUX, _BOUNCED, _FAR_SKY = 10.0, 0.35, 40.0
_SKYWARD = np.array(
    [(0.2, 0.1, 0.97), (0.62, 0.5, 0.6), (-0.5, 0.62, 0.6), (-0.62, -0.5, 0.6), (0.5, -0.62, 0.6)],
    np.float32,
)
# Points of an image come row by row, so that a few hundred neighbours are near one another.
_RUN = 256


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
    near, found = _strength(lamps, index, _axes_of(Shading(position, normal, normal)))
    strength[near] = found
    return np.asarray(strength[:, None] * lamps.intensity[index], np.float32)


def light_up(
    shading: Shading, surface: Surface, lamps: Lamps, sky: Sky, scenes: list[RayScene]
) -> Lit:
    """
    Return what falls on the points and what they send to the camera.

    :param scenes: what throws shadows; none for no shadows.
    """
    points = _axes_of(shading)
    shadows = _Shadows(shading.position + 0.02 * shading.normal, scenes)
    # Most lamps of a street are alike: what falls from one kind of lamp needs one sum.
    colours, kind = np.unique(lamps.intensity, axis=0, return_inverse=True)
    fallen = np.zeros((len(colours), len(shading.position)), np.float32)
    mirrored, returned = np.zeros_like(fallen), np.zeros_like(fallen)
    for index, row in enumerate(kind.reshape(-1)):
        near, strength = _strength(lamps, index, points)
        seen = np.flatnonzero(strength * lamps.intensity[index, 1] > FAINTEST_LUX)
        near, strength = shadows.open_to(lamps.position[index], near[seen], strength[seen])
        fallen[row, near] += strength
        _add_gloss(points, surface.gloss, (near, strength), lamps.position[index], mirrored[row])
        _add_retro(points, surface.retro, (near, strength), lamps.position[index], returned[row])
    light = fallen.T @ colours
    light += np.asarray(sky.ambient, np.float32) * _open_sky(shading, sky, scenes)
    if max(sky.sun) > 0:
        light += _sunlight(shading, sky, scenes)
    reflected = surface.albedo * (light / math.pi + returned.T @ colours)
    reflected += mirrored.T @ colours + surface.glow
    return Lit(np.asarray(reflected, np.float32), light)


class _Axes(NamedTuple):
    """
    N points with their axes apart, (3, N), which arithmetic on single axes reads fastest.

    ``low`` and ``high`` (3, M) bound each run of :data:`_RUN` points.
    """

    place: Floats
    normal: Floats
    to_camera: Floats
    low: Floats
    high: Floats

    def reached(self, lamp: Floats, reach: float) -> slice:
        """Return the part of the points outside of which none is within reach of a lamp."""
        beyond = np.maximum(np.maximum(self.low - lamp[:, None], lamp[:, None] - self.high), 0)
        runs = np.flatnonzero((beyond * beyond).sum(0) < reach * reach)
        return slice(runs[0] * _RUN, (runs[-1] + 1) * _RUN) if len(runs) else slice(0)


def _axes_of(shading: Shading) -> _Axes:
    place, normal, to_camera = (
        np.ascontiguousarray(vectors.T)
        for vectors in (shading.position, shading.normal, shading.to_camera)
    )
    starts = np.arange(0, place.shape[1], _RUN)
    low = np.minimum.reduceat(place, starts, axis=1)
    high = np.maximum.reduceat(place, starts, axis=1)
    return _Axes(place, normal, to_camera, low, high)


class _Shadows:
    """What stands between N points, a little above their surfaces, and lamps."""

    def __init__(self, origins: Floats, scenes: list[RayScene]) -> None:
        self._origins = origins
        self._scenes = scenes

    def open_to(
        self, lamp: Floats, near: NDArray[np.int64], strength: Floats
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return those of the points ``near`` that see a lamp, with their strengths."""
        origin = np.take(self._origins, near, axis=0)
        for scene in self._scenes:
            if not len(near):
                break
            is_open = np.flatnonzero(~scene.is_blocked(origin, lamp))
            near, strength = near[is_open], strength[is_open]
            origin = np.take(origin, is_open, axis=0)
        return near, strength


def _add_gloss(
    points: _Axes, gloss: Floats, lit: tuple[NDArray[np.int64], Floats],
    lamp: Floats, mirrored: Floats,
) -> None:  # fmt: skip
    """Add the share of one lamp's light that glossy points mirror, (N,)."""
    glossy = np.flatnonzero(gloss[lit[0]] > 0)
    near, strength = lit[0][glossy], lit[1][glossy]
    unit = _unit([lamp[axis] - points.place[axis, near] for axis in range(3)])
    halfway = _unit([unit[axis] + points.to_camera[axis, near] for axis in range(3)])
    along = sum(halfway[axis] * points.normal[axis, near] for axis in range(3))
    mirrored[near] += strength * (gloss[near] * _to_the_24th(np.maximum(along, 0)))


def _add_retro(
    points: _Axes, retro: Floats, lit: tuple[NDArray[np.int64], Floats],
    lamp: Floats, returned: Floats,
) -> None:  # fmt: skip
    """Add what sheeting throws back near the way that one lamp's light came, (N,)."""
    backward = np.flatnonzero(retro[lit[0]] > 0)
    near, strength = lit[0][backward], lit[1][backward]
    unit = _unit([lamp[axis] - points.place[axis, near] for axis in range(3)])
    apart = 1 - sum(unit[axis] * points.to_camera[axis, near] for axis in range(3))
    returned[near] += strength * retro[near] / (1 + np.maximum(apart, 0) / _RETRO_SPREAD)


def _to_the_24th(base: Floats) -> Floats:
    """Return the gloss lobe's power; multiplying is much faster than powers are."""
    eighth = base * base
    eighth *= eighth
    eighth *= eighth
    return np.asarray(eighth * eighth * eighth, np.float32)


def _strength(lamps: Lamps, index: int, points: _Axes) -> tuple[NDArray[np.int64], Floats]:
    """Return which points a lamp may light, and lobe x cosine / distance squared there."""
    lamp, reach = lamps.position[index], lamps.reach[index]
    part = points.reached(lamp, float(reach))
    dx, dy, dz = (lamp[axis] - points.place[axis, part] for axis in range(3))
    nx, ny, nz = points.normal[:, part]
    squared = dx * dx + dy * dy + dz * dz
    facing = dx * nx + dy * ny + dz * nz
    is_lit = (squared < reach * reach) & (facing > 0)
    if lamps.beam[index]:
        # A headlamp gives nothing to what is behind it.
        axis = lamps.direction[index]
        is_lit &= dx * axis[0] + dy * axis[1] + dz * axis[2] < 0
    lit = np.flatnonzero(is_lit)
    dx, dy, dz, facing = dx[lit], dy[lit], dz[lit], facing[lit]
    squared = np.maximum(squared[lit], np.float32(1e-4))
    distance = np.sqrt(squared)
    fade = np.clip((reach - distance) / (0.3 * reach), 0, 1)
    lobe = _beam if lamps.beam[index] else _half_space
    away = (-dx / distance, -dy / distance, -dz / distance)
    strength = lobe(lamps.direction[index], *away) * fade * facing / (distance * squared)
    return lit + (part.start or 0), np.asarray(strength, np.float32)


def _unit(axes: list[Floats]) -> list[Floats]:
    """Return vectors, given axis by axis, at length 1."""
    length = np.sqrt(axes[0] * axes[0] + axes[1] * axes[1] + axes[2] * axes[2] + 1e-12)
    return [axis / length for axis in axes]


def _open_sky(shading: Shading, sky: Sky, scenes: list[RayScene]) -> Floats:
    """Return the share of the sky's light that reaches points, (N, 1); by day some is hidden."""
    share = 0.5 + 0.5 * shading.normal[:, 2]
    if not scenes or max(sky.ambient) < _DAYLIGHT_LUX:
        return share[:, None]
    facing = np.maximum(shading.normal @ _SKYWARD.T, 0)
    origin = shading.position + 0.02 * shading.normal
    seen = np.zeros_like(share)
    for way, cosine in zip(_SKYWARD, facing.T, strict=True):
        open_to = np.flatnonzero(cosine > 0)
        for scene in scenes:
            start = np.take(origin, open_to, axis=0)
            open_to = open_to[~scene.is_blocked(start, start + _FAR_SKY * way)]
        seen[open_to] += cosine[open_to]
    share *= _BOUNCED + (1 - _BOUNCED) * seen / np.maximum(facing.sum(1), 1e-6)
    return np.asarray(share[:, None], np.float32)


def _sunlight(shading: Shading, sky: Sky, scenes: list[RayScene]) -> Floats:
    to_sun = np.asarray(sky.to_sun, np.float32)
    cosine = np.maximum(shading.normal @ to_sun, 0)
    origin = shading.position + 0.02 * shading.normal
    for scene in scenes:
        cosine = cosine * ~scene.is_blocked(origin, origin + 300 * to_sun)
    return np.asarray(cosine[:, None] * np.asarray(sky.sun, np.float32), np.float32)


def _half_space(axis: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    """Return a wide lobe, as street lamps have it, with a little stray light around it."""
    forward = x * axis[0] + y * axis[1] + z * axis[2]
    return np.asarray(np.sqrt(np.maximum(forward, 0)) * 0.95 + 0.05, np.float32)


def _beam(axis: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    """
    Return a dipped headlamp's lobe, wide and flat.

    It is brightest just below its edge, which lies below the horizon and rises to the right; what
    is near gets the weak foreground.
    """
    forward = x * axis[0] + y * axis[1] + z * axis[2]
    sideways = x * -axis[1] + y * axis[0]
    azimuth = np.arctan2(sideways, np.maximum(forward, 1e-3))
    elevation = np.arcsin(np.clip(z - axis[2] * forward, -1, 1))
    edge = -0.012 + 0.26 * np.clip(-azimuth, 0, 0.09)
    below = 0.5 - 0.5 * np.tanh((elevation - edge) / 0.007)
    spot = np.exp(-((azimuth / 0.2) ** 2) - ((elevation + 0.02) / 0.04) ** 2)
    foreground = np.exp(-((azimuth / 0.5) ** 2) - (elevation / 0.2) ** 2)
    lobe = (spot + 0.17 * foreground) * (0.015 + 0.985 * below)
    return np.asarray((forward > 0) * (lobe + 0.003))
