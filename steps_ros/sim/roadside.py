"""
What stands at the edge of a road: signs, delineators, guard rails, fences, walls, bins.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from steps_ros.sim.instances import place_number
from steps_ros.sim.mesh import box, Colour, cylinder, join, Kind, Mesh
from steps_ros.sim.places import Place, PlaceKind
from steps_ros.sim.shapes import disc, Skin

_GREY: Colour = (0.3, 0.3, 0.3)
_WHITE: Colour = (0.75, 0.75, 0.75)
_RED: Colour = (0.6, 0.05, 0.04)
_BLUE: Colour = (0.04, 0.1, 0.5)
_YELLOW: Colour = (0.7, 0.5, 0.05)
_PIECE = 4.0


def draw_signs(
    place: Place, side: int, length: float, generator: np.random.Generator
) -> list[Mesh]:
    """Return traffic signs on poles, which shine back; on open roads posts with reflectors too."""
    road = place.road
    edge = side * (road.kerb(side) + 0.45)
    parts: list[Mesh] = []
    for along in np.cumsum(generator.exponential(30.0, 60)):
        if along > length:
            break
        parts.append(_sign(float(along), edge, generator).of_object(place_number(along, side)))
    if place.kind in (PlaceKind.COUNTRY, PlaceKind.MOTORWAY):
        for along in np.arange(generator.uniform(0, 50), length, 50.0):
            parts.append(_delineator(float(along), side * (road.kerb(side) + 0.8)))
    return parts


def _sign(along: float, edge: float, generator: np.random.Generator) -> Mesh:
    height, size = generator.uniform(2.0, 3.0), float(generator.uniform(0.25, 0.45))
    style = generator.random()
    pole = cylinder((along, edge, height / 2), 0.045, height, 2, _GREY, 6)
    place = (along - 0.06, edge, height)
    if style < 0.4:
        inner = (_WHITE, _BLUE, _YELLOW)[int(generator.integers(3))]
        plate = [
            disc(place, size, 0, (Skin(_RED, Kind.SIGN),), (14, 6.2832)),
            disc((along - 0.07, edge, height), 0.75 * size, 0, (Skin(inner, Kind.SIGN),)),
            box((along - 0.075, edge - 0.4 * size, height - 0.12 * size),
                (along - 0.07, edge + 0.4 * size, height + 0.12 * size), (0.02, 0.02, 0.02)),
        ]  # fmt: skip
    else:
        colour = (_WHITE, _RED, _BLUE, _YELLOW)[int(generator.integers(4))]
        wide = size * float(generator.uniform(0.8, 2.0))
        plate = [
            box((along - 0.06, edge - wide, height - size),
                (along - 0.03, edge + wide, height + size), colour, Kind.SIGN),
            box((along - 0.065, edge - 0.7 * wide, height - 0.2 * size),
                (along - 0.06, edge + 0.5 * wide, height + 0.1 * size), (0.03, 0.03, 0.04)),
        ]  # fmt: skip
    return join([pole, *plate])


def _delineator(along: float, left: float) -> Mesh:
    return join([
        box((along - 0.05, left - 0.06, 0.0), (along + 0.05, left + 0.06, 1.0), _WHITE),
        box((along - 0.055, left - 0.065, 0.7), (along + 0.055, left + 0.065, 0.85), (0.03,) * 3),
        box((along - 0.06, left - 0.03, 0.72), (along - 0.05, left + 0.03, 0.84), _WHITE,
            Kind.SIGN),
    ])  # fmt: skip


def draw_rails(place: Place, length: float, generator: np.random.Generator) -> list[Mesh]:
    """Return guard rails at the edges, and in the median of a motorway a rail or a wall."""
    road = place.road
    parts: list[Mesh] = []
    for side in (-1, 1):
        if generator.random() < place.habits.rails:
            parts += guard_rail(side * (road.kerb(side) + 0.5), length)
    if road.median > 1.0:
        if generator.random() < 0.5:
            parts += guard_rail(road.median / 2, length)
        else:
            parts += _concrete_wall(road.median / 2, length)
    return parts


def guard_rail(left: float, length: float) -> Iterator[Mesh]:
    """Yield a steel rail with a fold in its middle, on posts, piece by piece."""
    steel: Colour = (0.32, 0.33, 0.34)
    for along in np.arange(-20.0, length, _PIECE):
        yield join([
            box((along, left - 0.03, 0.45), (along + _PIECE, left + 0.03, 0.58), steel,
                Kind.PAINT),
            box((along, left - 0.015, 0.58), (along + _PIECE, left + 0.015, 0.64), steel),
            box((along, left - 0.03, 0.64), (along + _PIECE, left + 0.03, 0.76), steel,
                Kind.PAINT),
            box((along + 1.9, left - 0.05, 0.0), (along + 2.0, left + 0.05, 0.7), steel),
            box((along + 1.88, left - 0.055, 0.6), (along + 1.9, left + 0.055, 0.66), _YELLOW,
                Kind.SIGN),
        ])  # fmt: skip


def _concrete_wall(left: float, length: float) -> Iterator[Mesh]:
    for along in np.arange(-20.0, length, _PIECE):
        yield box(
            (along, left - 0.3, 0.0), (along + _PIECE - 0.02, left + 0.3, 0.9),
            (0.3, 0.3, 0.29), Kind.PLAIN, (0.0, 0.0, 0.2),
        )  # fmt: skip


def wall(edge: float, side: int, length: float, generator: np.random.Generator) -> Iterator[Mesh]:
    """Yield a garden wall with a coping, ``edge`` metres from the centre line."""
    height, shade = generator.uniform(0.6, 3.0), float(generator.uniform(0.1, 0.4))
    colour = (shade, shade * 0.9, shade * float(generator.uniform(0.6, 0.9)))
    low, high = sorted((side * edge, side * (edge + 0.3)))
    for along in np.arange(-20.0, length, _PIECE):
        yield join([
            box((along, low, 0), (along + _PIECE, high, height), colour, Kind.BRICK),
            box((along, low - 0.05, height), (along + _PIECE, high + 0.05, height + 0.08), _GREY),
        ])  # fmt: skip


def barrier(
    edge: float, side: int, length: float, generator: np.random.Generator
) -> Iterator[Mesh]:
    """Yield a noise barrier: panels between steel posts."""
    height = generator.uniform(2.0, 5.0)
    shade = generator.uniform(0.08, 0.35, 3)
    colour: Colour = (float(shade[0]), float(shade[1]), float(shade[2]))
    for along in np.arange(-20.0, length, _PIECE):
        low, high = sorted((side * edge, side * (edge + 0.15)))
        panels = [
            box((along, low, up), (along + _PIECE, high, min(up + 0.96, height)), colour)
            for up in np.arange(0.0, height, 1.0)
        ]
        post = box((along - 0.1, low - 0.08, 0), (along + 0.1, high + 0.08, height), _GREY)
        yield join([*panels, post])


def fence(edge: float, side: int, length: float, generator: np.random.Generator) -> Iterator[Mesh]:
    """Yield a fence of pickets, rails or wire."""
    height = generator.uniform(0.8, 2.0)
    spacing = (0.16, 0.4, 2.0)[int(generator.integers(3))]
    wide, shade = min(0.09, spacing / 2), float(generator.uniform(0.03, 0.5))
    colour = (shade, 0.85 * shade, 0.7 * shade)
    left = side * edge
    for along in np.arange(-20.0, min(length, 150.0), _PIECE):
        pickets = [
            box((x, left - 0.025, 0.05), (x + wide, left + 0.025, height), colour)
            for x in np.arange(along, along + _PIECE - 0.05, spacing)
        ]
        rails = [
            box((along, left - 0.02, up), (along + _PIECE, left + 0.02, up + 0.06), colour)
            for up in (0.3 * height, 0.85 * height)
        ]
        yield join([*pickets, *rails])


def draw_bins(place: Place, length: float, generator: np.random.Generator) -> list[Mesh]:
    """Return bins, bollards and cabinets on the pavements."""
    if not place.is_paved:
        return []
    parts: list[Mesh] = []
    for along in np.cumsum(generator.exponential(14.0, 60)):
        side = 1 if generator.random() < 0.5 else -1
        left = side * (place.road.kerb(side) + generator.uniform(0.4, 0.9))
        if along > length or place.road.pavement(side) < 1.4:
            continue
        shade = float(generator.uniform(0.03, 0.3))
        tall = float(generator.uniform(0.8, 1.4))
        whole = (
            cylinder((along, left, tall / 2), 0.1, tall, 2, (shade, shade, shade), 10)
            if generator.random() < 0.6
            else box(
                (along - 0.3, left - 0.25, 0),
                (along + 0.3, left + 0.25, tall),
                (shade, 1.2 * shade, shade),
            )
        )
        parts.append(whole.of_object(place_number(float(along), side)))
    return parts
