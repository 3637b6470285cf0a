"""
Bridges over the road and under it, underpasses, gantries.
"""

from __future__ import annotations

import numpy as np

from steps_ros.sim.ground import FIRST, PAST_END, VALLEY
from steps_ros.sim.instances import place_number
from steps_ros.sim.lamps import lamp, Lamps
from steps_ros.sim.mesh import box, Colour, cylinder, join, Kind, Mesh
from steps_ros.sim.places import Place, PlaceKind
from steps_ros.sim.shapes import limb

_STEEL: Colour = (0.12, 0.15, 0.14)
_PIECE = 5.0
_TUNNEL_TINTS: tuple[Colour, ...] = ((1.0, 0.6, 0.2), (1.0, 0.85, 0.6), (0.9, 1.0, 0.95))


def draw_structures(
    place: Place, length: float, generator: np.random.Generator
) -> tuple[list[Mesh], list[Lamps]]:
    """Return what spans the road or carries it, in road coordinates, and the light in it."""
    if place.kind is PlaceKind.BRIDGE:
        return _bridge(place, length, generator), []
    if place.kind is PlaceKind.UNDERPASS:
        return _underpass(place, length, generator)
    parts = []
    is_motorway = place.kind is PlaceKind.MOTORWAY
    if generator.random() < (0.6 if is_motorway else 0.1):
        parts.append(overpass(place, float(generator.uniform(30, length - 60)), generator))
    if is_motorway:
        for along in np.cumsum(generator.uniform(50.0, 220.0, 3)):
            parts.append(_gantry(place, float(along), generator))
    return parts, []


def overpass(place: Place, along: float, generator: np.random.Generator) -> Mesh:
    """Return a bridge over the road on two walls, with parapets."""
    road = place.road
    height, width = generator.uniform(4.8, 6.5), generator.uniform(4.0, 14.0)
    grey = float(generator.uniform(0.15, 0.4))
    colour = (grey, grey, 0.97 * grey)
    right, left = -road.outer_edge(-1) - 1, road.outer_edge(1) + 1
    ends = right - 40, left + 40
    return join([
        box((along, ends[0], height), (along + width, ends[1], height + 1.0), colour),
        box((along - 0.3, ends[0], height + 0.9), (along, ends[1], height + 2.0), colour),
        box((along + width, ends[0], height + 0.9), (along + width + 0.3, ends[1], height + 2.0),
            colour),
        box((along, right - 1, 0), (along + width, right, height), colour),
        box((along, left, 0), (along + width, left + 1, height), colour),
    ])  # fmt: skip


def _gantry(place: Place, along: float, generator: np.random.Generator) -> Mesh:
    """Return a beam over the ego direction with large signs that shine back."""
    road = place.road
    right, left = -road.outer_edge(-1), max(road.median / 2, 0.3)
    panel = (0.02, 0.09, 0.35) if generator.random() < 0.6 else (0.02, 0.2, 0.08)
    parts = [
        box((along, right, 6.0), (along + 0.3, left, 6.5), _STEEL),
        cylinder((along + 0.15, right, 3.1), 0.2, 6.2, 2, _STEEL),
    ]
    for lane in range(-road.lanes_right, 0):
        middle, half = road.lane_middle(lane), float(generator.uniform(1.0, 1.6))
        low, high = (along - 0.1, middle - half, 5.6), (along, middle + half, 7.6)
        parts.append(box(low, high, panel, Kind.SIGN))
        for row in range(int(generator.integers(1, 4))):
            up = 7.1 - 0.55 * row
            end = middle + half * float(generator.uniform(-0.6, 0.7))
            parts.append(
                box((along - 0.11, end, up), (along - 0.1, middle + 0.85 * half, up + 0.25),
                    (0.75, 0.75, 0.75), Kind.SIGN)
            )  # fmt: skip
    return join(parts)


def _bridge(place: Place, length: float, generator: np.random.Generator) -> list[Mesh]:
    """Return railings, and a truss, cables from towers, or nothing above them."""
    road = place.road
    style = generator.random()
    parts = []
    for side in (-1, 1):
        edge = side * (road.outer_edge(side) - 0.15)
        for along in np.arange(FIRST, min(length, 220.0) + PAST_END, _PIECE):
            parts.append(_railing(float(along), edge))
        if style < 0.35:
            parts += _truss(edge, length)
        elif style < 0.7:
            parts += _cables(edge, float(generator.uniform(10, 90)), length)
    # Below, the valley goes on under the deck.
    deck = box((FIRST, road.edge_right, -1.2), (length + PAST_END, road.edge_left, -0.3), _STEEL)
    floor = box((FIRST, -60.0, VALLEY - 1), (length + PAST_END, 60.0, VALLEY), (0.03, 0.04, 0.04))
    return [*parts, deck, floor]


def _railing(along: float, left: float) -> Mesh:
    bars = [
        box((along, left - 0.02, up), (along + _PIECE, left + 0.02, up + 0.05), _STEEL)
        for up in (0.35, 0.7, 1.15)
    ]
    posts = [
        box((x, left - 0.03, 0.0), (x + 0.06, left + 0.03, 1.2), _STEEL)
        for x in np.arange(along, along + _PIECE - 0.1, 1.25)
    ]
    return join([*bars, *posts])


def _truss(left: float, length: float) -> list[Mesh]:
    """Return zigzag girders to a chord above, as on a railway bridge."""
    parts = []
    for along in np.arange(FIRST, min(length, 200.0), 6.0):
        low, top, end = (along, left, 0.0), (along + 3, left, 5.5), (along + 6, left, 0.0)
        chord = (top, (along + 9, left, 5.5))
        parts.append(join([limb(ends, (0.14, 0.14), _STEEL, 4, Kind.PAINT)
                           for ends in ((low, top), (top, end), chord)]))  # fmt: skip
    return parts


def _cables(left: float, tower: float, length: float) -> list[Mesh]:
    parts = []
    for foot in np.arange(tower, length, 140.0):
        parts.append(box((foot - 0.8, left - 0.5, 0), (foot + 0.8, left + 0.5, 32), _STEEL))
        for reach in np.arange(8.0, 66.0, 8.0):
            for way in (-1, 1):
                ends = ((foot, left, 0.45 * reach + 2), (foot + way * reach, left, 0.4))
                parts.append(limb(ends, (0.05, 0.05), (0.3, 0.3, 0.3), 4))
    return parts


def _underpass(
    place: Place, length: float, generator: np.random.Generator
) -> tuple[list[Mesh], list[Lamps]]:
    """Return walls on both sides, a roof over a part of the way, and the lamps under it."""
    road = place.road
    start = float(generator.uniform(-25.0, 45.0))
    end = start + float(generator.uniform(40.0, 220.0))
    height, shade = float(generator.uniform(4.6, 5.6)), float(generator.uniform(0.15, 0.45))
    colour = (shade, 0.98 * shade, 0.92 * shade)
    right, left = -road.outer_edge(-1), road.outer_edge(1)
    parts: list[Mesh] = []
    for along in np.arange(FIRST, min(length, 240.0) + PAST_END, _PIECE):
        covered = start <= along < end
        # The cutting grows shallower away from the roof.
        away = max(start - along, along - end, 0.0)
        top = height if covered else max(height - 0.06 * away, 1.2)
        for near, far in ((right - 0.6, right), (left, left + 0.6)):
            low, high = (float(along), near, 0.0), (float(along) + _PIECE, far, top)
            parts.append(box(low, high, colour, Kind.TILES))
        if covered:
            low, high = (along, right - 0.6, height), (along + _PIECE, left + 0.6, height + 1.0)
            parts.append(box(low, high, colour))
    lights: list[Lamps] = []
    spacing = float(generator.uniform(5.0, 12.0))
    tint = _TUNNEL_TINTS[int(generator.integers(len(_TUNNEL_TINTS)))]
    level = float(np.exp(generator.uniform(np.log(60.0), np.log(900.0))))
    for number, along in enumerate(np.arange(start + 2.0, end - 1.0, spacing)):
        side = 1 if number % 2 else -1
        hung = (float(along), 0.5 * side * road.kerb(side), height - 0.1)
        parts.append(_ceiling_lamp(hung, tint, level).of_object(place_number(hung[0], side)))
        light = (level * tint[0], level * tint[1], level * tint[2])
        lights.append(lamp(hung, light, reach=22.0))
    return parts, lights


def _ceiling_lamp(place: tuple[float, float, float], tint: Colour, level: float) -> Mesh:
    along, left, up = place
    glow = (4.0 * level * tint[0], 4.0 * level * tint[1], 4.0 * level * tint[2])
    low, high = (along - 0.6, left - 0.12, up + 0.02), (along + 0.6, left + 0.12, up + 0.1)
    return box(low, high, glow, Kind.LAMP)
