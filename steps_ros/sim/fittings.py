"""
What is fitted to a vehicle's hull: wheels in their arches, lamps in housings, plates, mirrors.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
import math
from typing import NamedTuple

import numpy as np

from steps_ros.sim.mesh import box, Colour, cylinder, join, Kind, Mesh
from steps_ros.sim.shapes import disc, Skin

TYRE: Colour = (0.02, 0.02, 0.02)
RIM: Colour = (0.35, 0.35, 0.36)
HEADLAMP_RADIANCE = 6.0e4
TAILLAMP_RADIANCE = 6.0e2
BRAKE_RADIANCE = 3.0e3
# Of headlamps: halogen, and white or bluish diodes.
_TINTS: tuple[Colour, ...] = ((1.0, 0.74, 0.42), (1.0, 0.95, 0.85), (0.9, 0.97, 1.0))
_HOUSING: Colour = (0.06, 0.06, 0.065)
_RED_GLASS: Colour = (0.3, 0.02, 0.02)
_PLATE: Colour = (0.75, 0.75, 0.65)


class Lighting(NamedTuple):
    """Which lamps are lit, and the colour of the headlamps."""

    is_lit: bool
    brakes: bool = False
    tint: Colour = (1.0, 1.0, 1.0)

    @property
    def head(self) -> Skin:
        """Return what the glass of a headlamp shows."""
        level = HEADLAMP_RADIANCE if self.is_lit else 0.5
        red, green, blue = self.tint
        shown = (level * red, level * green, level * blue)
        return Skin(shown, Kind.LAMP if self.is_lit else Kind.GLASS)

    @property
    def tail(self) -> Skin:
        """Return what the glass of a tail lamp shows."""
        if not (self.is_lit or self.brakes):
            return Skin(_RED_GLASS, Kind.SIGN)
        level = BRAKE_RADIANCE if self.brakes else TAILLAMP_RADIANCE
        return Skin((level, 0.05 * level, 0.02 * level), Kind.LAMP)


def draw_lighting(generator: np.random.Generator, lit: float, brakes: float = 0.0) -> Lighting:
    """Draw which lamps of a vehicle shine; ``lit`` and ``brakes`` are how often those do."""
    tint = _TINTS[int(generator.choice(3, p=(0.5, 0.25, 0.25)))]
    is_lit, is_braking = generator.random(2) < (lit, brakes)
    return Lighting(bool(is_lit), bool(is_braking), tint)


def wheels(places: tuple[float, ...], half_width: float, radius: float) -> list[Mesh]:
    """Return wheels on both sides at places along the vehicle, under dark arches."""
    return [
        replace(wheel, vertices=wheel.vertices + np.array([x, side * half_width, 0], np.float32))
        for side, wheel in ((side, _wheel(side, radius)) for side in (-1, 1))
        for x in places
    ]


@lru_cache(maxsize=12)
def _wheel(side: int, radius: float) -> Mesh:
    """Return a wheel whose outer face is in the plane y = 0: arch, tyre, spokes, hub."""
    spokes = (Skin(RIM, Kind.PAINT), Skin(_HOUSING, Kind.PLAIN))
    black = (Skin(_HOUSING, Kind.PLAIN),)
    return join([
        disc((0.0, side * 0.006, radius), 1.2 * radius, 1, black, (8, math.pi)),
        cylinder((0.0, side * -0.1, radius), radius, 0.23, 1, TYRE, 12),
        disc((0.0, side * 0.02, radius), 0.64 * radius, 1, spokes, (14, 2 * math.pi)),
        disc((0.0, side * 0.024, radius), 0.18 * radius, 1, spokes[:1], (6, 2 * math.pi)),
    ])  # fmt: skip


def headlamps(nose: float, y: float, z: float, lighting: Lighting) -> list[Mesh]:
    """Return both headlamps: a dark housing and a round lamp in it."""
    parts = []
    for side in (-1, 1):
        middle = side * y
        parts += [
            box(
                (nose - 0.3, middle - 0.19, z - 0.09),
                (nose + 0.012, middle + 0.19, z + 0.09),
                _HOUSING,
                Kind.GLASS,
                (0.0, 0.06, 0.03),
            ),
            disc((nose + 0.016, middle, z - 0.01), 0.075, 0, (lighting.head,), (8, 2 * math.pi)),
        ]
    return parts


def tail_lamps(
    tail: float, y: float, z: float, size: tuple[float, float], lighting: Lighting
) -> list[Mesh]:
    """Return both tail lamps, ``size`` wide and high: red glass, and what glows in its middle."""
    width, height = size
    parts = []
    for side in (-1, 1):
        middle = side * y
        low, high = middle - width / 2, middle + width / 2
        parts += [
            box((tail - 0.015, low, z), (tail + 0.2, high, z + height), _RED_GLASS, Kind.SIGN),
            box(
                (tail - 0.025, low + 0.15 * width, z + 0.2 * height),
                (tail, high - 0.15 * width, z + 0.8 * height),
                *lighting.tail,
            ),
        ]
    return parts


def third_brake_lamp(x: float, z: float, lighting: Lighting) -> list[Mesh]:
    """Return the brake lamp in the middle, where it is lit."""
    if not lighting.brakes:
        return []
    return [box((x - 0.03, -0.2, z), (x, 0.2, z + 0.04), *lighting.tail)]


def plates(nose: float, tail: float, z: float) -> list[Mesh]:
    """Return both number plates, and the grille and the lower trim that they sit on."""
    return [
        box((nose - 0.1, -0.45, z - 0.16), (nose + 0.008, 0.45, z + 0.12), _HOUSING),
        box((nose, -0.26, z - 0.06), (nose + 0.02, 0.26, z + 0.05), _PLATE, Kind.SIGN),
        box((tail - 0.012, -0.75, z - 0.28), (tail + 0.1, 0.75, z - 0.08), _HOUSING),
        box((tail - 0.025, -0.26, z + 0.05), (tail + 0.1, 0.26, z + 0.16), _PLATE, Kind.SIGN),
    ]


def mirrors(x: float, half_width: float, z: float, size: float, paint: Colour) -> list[Mesh]:
    """Return both outer mirrors."""
    return [
        box(
            (x - 0.06, min(side * half_width, side * (half_width + size)), z),
            (x + 0.08, max(side * half_width, side * (half_width + size)), z + 0.75 * size),
            paint,
            Kind.PAINT,
            (0.0, 0.05, 0.02),
        )
        for side in (-1, 1)
    ]
