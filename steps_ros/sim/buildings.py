"""
What lines a road: rows of buildings with shops, houses with gardens, towers, walls, woods.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
import itertools

import numpy as np

from steps_ros.sim.instances import place_number
from steps_ros.sim.mesh import box, Colour, join, Kind, Mesh
from steps_ros.sim.places import Place
from steps_ros.sim.roadside import barrier, fence, wall
from steps_ros.sim.scaffold import scaffold
from steps_ros.sim.shapes import lit_board
from steps_ros.sim.trees import bush, draw_hedge, draw_woods, tree

# Gaps between buildings, their heights, and their widths along the road, in metres.
_ROWS = {
    'row': (0.15, (6.0, 20.0), (6.0, 20.0)),
    'houses': (7.0, (5.0, 9.0), (8.0, 14.0)),
    'gardens': (5.0, (4.0, 8.5), (8.0, 14.0)),
    'towers': (12.0, (15.0, 60.0), (15.0, 30.0)),
}
_EDGES = {'wall': wall, 'hedge': draw_hedge, 'barrier': barrier, 'fence': fence}
_ROOF: Colour = (0.12, 0.07, 0.05)
_FRAME: Colour = (0.35, 0.35, 0.34)


def draw_frontage(
    place: Place, side: int, length: float, generator: np.random.Generator
) -> list[Mesh]:
    """Return what lines one side, in pieces; it may be nothing."""
    weights = place.habits.frontage
    style = str(generator.choice(list(weights), p=list(weights.values())))
    road = place.road
    edge = road.outer_edge(side)
    if style == 'woods':
        return draw_woods(place, side, length, generator)
    if style in _EDGES:
        return list(_EDGES[style](edge, side, length, generator))
    if style == 'open':
        return []
    parts = list(_buildings(style, (edge + road.setback(side), side), length, generator))
    if style == 'gardens' and road.setback(side) > 2.0:
        parts += _gardens(place, side, length, generator)
    return parts


def _buildings(
    style: str, front: tuple[float, int], length: float, generator: np.random.Generator
) -> Iterator[Mesh]:
    gap, tall, width = _ROWS[style]
    along = -25.0
    while along < length:
        across = float(generator.uniform(*width))
        near = front[0] + float(generator.exponential(0.4))
        height = float(generator.uniform(*tall))
        yield _building((along, along + across), (near, front[1]), height, style, generator)
        along += across + float(generator.exponential(gap))
        if generator.random() < 0.06:
            along += float(generator.uniform(8.0, 16.0))


def _building(
    span: tuple[float, float],
    front: tuple[float, int],
    height: float,
    style: str,
    generator: np.random.Generator,
) -> Mesh:
    near, side = front
    start, end = span
    depth, shade = generator.uniform(8.0, 15.0), generator.uniform(0.08, 0.6)
    tint = 1 - generator.uniform(0.0, 0.5) * np.array([0.0, 0.5, 1.0])
    colour = (float(shade * tint[0]), float(shade * tint[1]), float(shade * tint[2]))
    low, high = sorted((side * near, side * (near + depth)))
    # Cut along the road so that the walls follow a bend.
    cuts = np.linspace(start, end, max(2, int(np.ceil((end - start) / 8)) + 1))
    parts = [
        box((a, low, 0), (b, high, height), colour, Kind.WALL) for a, b in itertools.pairwise(cuts)
    ]
    if style != 'towers' and generator.random() < (0.9 if style == 'gardens' else 0.5):
        parts.append(
            box((start - 0.3, low - 0.4, height),
                (end + 0.3, high + 0.4, height + generator.uniform(2, 4)),
                _ROOF, Kind.TILES, (0.5, 0.5, depth / 2 - 0.2))
        )  # fmt: skip
    ledge = partial(_ledge, (start, end), (near, side))
    # Cornices and sills are thin, but catch light and throw shadows.
    for up in np.arange(3.0, height, 3.0)[: 1 + int(generator.integers(8))]:
        parts.append(ledge(float(up) - 0.12, float(up), 0.12, colour))
    if generator.random() < 0.3:
        parts.append(ledge(2.6, 2.8, float(generator.uniform(0.5, 1.5)), colour))
    number = int(generator.integers(1, 1 << 20))
    parts = [part.numbered(number) for part in parts]
    parts += _details(span, front, height, style, generator)
    return join(parts)


def _ledge(
    span: tuple[float, float], front: tuple[float, int], low: float, high: float, out: float,
    colour: Colour, kind: Kind = Kind.PLAIN,
) -> Mesh:  # fmt: skip
    """Return something that juts out of a front by ``out`` metres."""
    near, side = front
    right, left = sorted((side * near, side * (near - out)))
    return box((span[0], right, low), (span[1], left, high), colour, kind)


def _details(
    span: tuple[float, float],
    front: tuple[float, int],
    height: float,
    style: str,
    generator: np.random.Generator,
) -> list[Mesh]:
    """Return shop signs that glow, balconies, a scaffold, a door."""
    start, end = span
    parts = []
    if style == 'row' and generator.random() < 0.45:
        level = float(np.exp(generator.uniform(np.log(5.0), np.log(250.0))))
        red, green, blue = level * generator.random(3) ** 2 + 0.05 * level
        width = float(generator.uniform(0.3, 0.9)) * (end - start)
        first = float(generator.uniform(start, end - width))
        glow: Colour = (float(red), float(green), float(blue))
        near, away = sorted((front[1] * front[0], front[1] * (front[0] - 0.15)))
        parts.append(lit_board((first, near, 2.75), (first + width, away, 3.3), glow))
    if style in ('row', 'towers') and height > 8 and generator.random() < 0.35:
        for up in np.arange(3.0, min(height - 2, 18.0), 3.0):
            for first in np.arange(start + 1.0, end - 3.0, 5.0):
                parts.append(_ledge((first, first + 2.5), front, up, up + 0.15, 1.1, _FRAME))
                rail = (front[0] - 1.05, front[1])
                parts.append(_ledge((first, first + 2.5), rail, up, up + 1.0, 0.05, _FRAME))
    if style in ('row', 'houses') and generator.random() < 0.07:
        parts += scaffold(span, front, height)
    door = float(generator.uniform(start + 0.5, end - 1.6))
    shade = generator.uniform(0.02, 0.3, 3)
    paint: Colour = (float(shade[0]), float(shade[1]), float(shade[2]))
    parts.append(_ledge((door, door + 1.05), front, 0.0, 2.15, 0.04, paint, Kind.PAINT))
    return parts


def _gardens(place: Place, side: int, length: float, generator: np.random.Generator) -> list[Mesh]:
    """Return a hedge, fence or low wall along the pavement, and bushes and trees behind it."""
    edge = place.road.outer_edge(side)
    border = (draw_hedge, fence, wall)[int(generator.integers(3))]
    parts = list(border(edge + 0.1, side, length, generator))
    # Gates and drives.
    parts = [part for part in parts if generator.random() < 0.85]
    setback = place.road.setback(side)
    for along in np.cumsum(generator.exponential(9.0, 40)):
        if along > length:
            break
        left = side * (edge + float(generator.uniform(0.4, 0.8)) * setback)
        grow = tree if setback > 4 and generator.random() < 0.4 else bush
        plant = grow((float(along), left), generator)
        parts.append(plant.of_object(place_number(float(along), side)))
    return parts
