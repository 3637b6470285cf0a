"""
Wires over and beside a road, and the poles that carry them.
"""

from __future__ import annotations

import numpy as np

from steps_ros.sim.mesh import box, Colour, Kind, Mesh, Point
from steps_ros.sim.places import Place, PlaceKind
from steps_ros.sim.shapes import hull, limb, Skin

_WOOD: Colour = (0.12, 0.09, 0.07)
_BLACK: Colour = (0.03, 0.03, 0.03)
_RADIUS, _PIECES = 0.02, 7
# How often there are wires on poles beside the road, and wires from front to front.
_BESIDE = {PlaceKind.RESIDENTIAL: 0.4, PlaceKind.COUNTRY: 0.35, PlaceKind.TOWN: 0.2}
_ACROSS = {PlaceKind.CANYON: 0.35, PlaceKind.TOWN: 0.2}


def draw_wires(place: Place, length: float, generator: np.random.Generator) -> list[Mesh]:
    """Return wires with their poles, wires across, both or nothing."""
    beside, across = generator.random(2)
    parts: list[Mesh] = []
    if beside < _BESIDE.get(place.kind, 0.0):
        parts += _on_poles(place, length, generator)
    if across < _ACROSS.get(place.kind, 0.0):
        parts += _from_front_to_front(place, length, generator)
    return parts


def _on_poles(place: Place, length: float, generator: np.random.Generator) -> list[Mesh]:
    side = 1 if generator.random() < 0.5 else -1
    left = side * (place.road.kerb(side) + max(0.4, 0.8 * place.road.pavement(side)))
    height, spacing = float(generator.uniform(6.5, 8.5)), float(generator.uniform(28.0, 42.0))
    arms = np.linspace(-0.8, 0.8, int(generator.integers(2, 5)))
    parts = []
    for along in np.arange(generator.uniform(-20.0, 0.0), length, spacing):
        x = float(along)
        parts += [
            limb(((x, left, 0.0), (x, left, height + 0.3)), (0.14, 0.1), _WOOD),
            box((x - 0.05, left - 0.95, height - 0.1), (x + 0.05, left + 0.95, height), _WOOD),
        ]
        parts += [
            wire((x, left + arm, height), (x + spacing, left + arm, height), 0.5)
            for arm in arms.tolist()
        ]
    return parts


def _from_front_to_front(
    place: Place, length: float, generator: np.random.Generator
) -> list[Mesh]:
    right, left = (side * place.road.outer_edge(side) for side in (-1, 1))
    parts = []
    for along in np.cumsum(generator.uniform(12.0, 40.0, 40)):
        if along > length:
            break
        slant, low, high = generator.normal(0.0, 1.5), *generator.uniform(5.5, 8.0, 2)
        parts.append(
            wire((float(along), right, float(low)), (float(along + slant), left, float(high)), 0.4)
        )
    return parts


def wire(start: Point, end: Point, sag: float) -> Mesh:
    """Return a wire between two points that hangs ``sag`` metres through in its middle."""
    share = np.linspace(0.0, 1.0, _PIECES + 1)
    way = np.subtract(end, start)
    points = np.asarray(start) + share[:, None] * way
    points[:, 2] -= 4 * sag * share * (1 - share)
    beside = np.array([-way[1], way[0], 0.0]) / max(np.hypot(way[0], way[1]), 1e-6)
    corners = [beside, (0.0, 0.0, 1.5), -beside, beside]
    rings = np.asarray(points[:, None] + _RADIUS * np.array(corners), np.float32)
    skin = (Skin(_BLACK, Kind.PLAIN),)
    return hull(rings, skin, np.zeros((_PIECES, len(corners) - 1), np.int32))
