"""
What one drives and walks on, and the land beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from steps_ros.sim.crossing import Crossing
from steps_ros.sim.mesh import Colour, Floats, join, Kind, Mesh, strip
from steps_ros.sim.parked import BAY_DEPTH, BAY_WIDTH, ROWS
from steps_ros.sim.places import Place, PlaceKind

FIRST, PAST_END, _STEP = -30.0, 60.0, 3.0
_LINE: Colour = (0.55, 0.55, 0.52)
_WATER: Colour = (0.02, 0.03, 0.035)
# How far below a bridge its valley or water lies, in metres.
VALLEY = -14.0
_UNPAVED = (PlaceKind.MOTORWAY, PlaceKind.COUNTRY)


class Ground(NamedTuple):
    """Colours of what one walks and drives on."""

    asphalt: Colour
    paving: Colour
    beside: Colour


def draw_ground(place: Place, generator: np.random.Generator) -> Ground:
    """Draw the colours of a place's ground."""
    grey = generator.uniform(0.05, 0.16)
    asphalt = (grey, grey * 0.98, grey * generator.uniform(0.9, 1.0))
    stone = float(generator.uniform(0.12, 0.35))
    paving = (stone, stone * 0.97, stone * generator.uniform(0.8, 1.0))
    green = float(generator.uniform(0.03, 0.12))
    grass = (green * 0.8, green, green * 0.45)
    is_green = place.road.setback_left > 3 or generator.random() < 0.3
    if place.kind in _UNPAVED:
        return Ground(asphalt, grass, grass)
    if place.kind is PlaceKind.CAR_PARK:
        return Ground(asphalt, asphalt, asphalt)
    if place.kind is PlaceKind.BRIDGE and generator.random() < 0.6:
        return Ground(asphalt, paving, _WATER)
    return Ground(asphalt, paving, grass if is_green else paving)


def surfaces(
    place: Place, ground: Ground, length: float, crossings: Sequence[Crossing]
) -> list[Mesh]:
    """Return the carriageway, and what lies beside it outside the mouths of crossings."""
    road = place.road
    along = np.arange(FIRST, length + PAST_END, _STEP, dtype=np.float32)
    right, left = road.edge_right, road.edge_left
    camber = 0.02 if road.median == 0 else 0.0
    middle = [(0, camber)] if road.median == 0 else [(0, 0), (road.median, 0)]
    carriageway = [(right - 0.2, 0), (right, 0), *middle, (left, 0), (left + 0.2, 0)]
    on_foot = Kind.GROUND if place.kind in _UNPAVED else Kind.PAVEMENT
    beside: list[tuple[list[tuple[float, float]], Colour, Kind]] = []
    for side in (-1, 1):
        beside += [
            (_pavement(place, side), ground.paving, on_foot),
            (_land(place, side), ground.beside, Kind.GROUND),
        ]
    pieces = _between(along, crossings)
    parts = [strip(along, carriageway, ground.asphalt, Kind.ROAD)]
    for section, colour, kind in beside:
        parts.append(join([strip(piece, section, colour, kind) for piece in pieces]))
    if road.median > 0:
        green = [(0.3, 0.0), (0.4, 0.1), (road.median - 0.4, 0.1), (road.median - 0.3, 0.0)]
        parts.append(strip(along, green, (0.05, 0.06, 0.03), Kind.GROUND))
    if place.kind is PlaceKind.CAR_PARK:
        parts.append(_bay_lines(place, length))
    return parts


def _pavement(place: Place, side: int) -> list[tuple[float, float]]:
    """Return the kerb and the pavement of one side as a section, from right to left."""
    road = place.road
    kerb, outer, top = road.kerb(side), road.outer_edge(side), road.kerb_height
    return _sided([(kerb, 0.0), (kerb, top), (outer, top)], side)


def _land(place: Place, side: int) -> list[tuple[float, float]]:
    """Return the land beyond the pavement: level, a slope, or a valley far below."""
    road = place.road
    outer, top = road.outer_edge(side), road.kerb_height
    if place.kind is PlaceKind.BRIDGE:
        edge = [(outer, top), (outer, -1.2), (outer - 0.5, VALLEY), (outer + 250, VALLEY)]
        return _sided(edge, side)
    if place.kind in _UNPAVED:
        # Land rises or falls with the road's own numbers, so that no two sides are alike.
        rise = 1.5 * np.sin(1000 * (road.setback(side) + side))
        far = [(outer + 4, top - 0.25), (outer + 14, top + rise), (outer + 250, top + 3 * rise)]
        return _sided([(outer, top), *far], side)
    return _sided([(outer, top), (outer + 20, top), (outer + 250, top - 0.02)], side)


def _sided(section: list[tuple[float, float]], side: int) -> list[tuple[float, float]]:
    """Return a section that was given outwards as one from right to left."""
    return section if side > 0 else [(-left, up) for left, up in section[::-1]]


def _between(along: Floats, crossings: Sequence[Crossing]) -> list[Floats]:
    """Return the places along the road in pieces, without the mouths of crossings."""
    pieces = []
    start = along[0]
    for crossing in crossings:
        low, high = crossing.mouth
        inner = along[(along > start) & (along < low)]
        pieces.append(np.array([start, *inner, low], np.float32))
        start = np.float32(high)
    return [*pieces, np.array([start, *along[along > start]], np.float32)]


def _bay_lines(place: Place, length: float) -> Mesh:
    lines = []
    for side in (-1, 1):
        for row in ROWS:
            near = place.road.kerb(side) + row - BAY_DEPTH / 2
            section = _sided([(near, 0.012), (near + BAY_DEPTH, 0.012)], side)
            lines += [
                strip(np.array([x - 0.05, x + 0.05], np.float32), section, _LINE, Kind.PLAIN)
                for x in np.arange(-20.0, min(length, 160.0), BAY_WIDTH)
            ]
    return join(lines)
