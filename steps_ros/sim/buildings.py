"""
What lines a road: rows of buildings, houses with gaps, towers, a wall, or nothing.
"""

from __future__ import annotations

import itertools

import numpy as np

from steps_ros.sim.mesh import box, join, Kind, Mesh
from steps_ros.sim.road import Road

_FRONTAGES = {'row': 0.4, 'houses': 0.25, 'towers': 0.15, 'wall': 0.1, 'open': 0.1}


def draw_frontage(
    road: Road, side: int, length: float, generator: np.random.Generator
) -> list[Mesh]:
    """Return what lines one side: a row of buildings, houses with gaps, a wall, or nothing."""
    """Return the buildings or walls of one side, each a mesh of its own."""
    style = str(generator.choice(list(_FRONTAGES), p=list(_FRONTAGES.values())))
    edge = road.outer_edge(side)
    if style == 'open':
        return []
    if style == 'wall':
        height = generator.uniform(0.6, 4.0)
        low, high = sorted((side * edge, side * (edge + 0.3)))
        wall = generator.uniform(0.1, 0.4)
        return [
            box((s, low, 0), (s + 4.2, high, height), (wall, wall, wall), Kind.PLAIN)
            for s in np.arange(-20.0, length, 4.2)
        ]
    gap, tall, width = {
        'row': (0.15, (6.0, 18.0), (6.0, 20.0)),
        'houses': (7.0, (5.0, 9.0), (8.0, 14.0)),
        'towers': (12.0, (15.0, 45.0), (15.0, 30.0)),
    }[style]
    parts: list[Mesh] = []
    setback = road.setback(side)
    along = -25.0
    while along < length:
        across = generator.uniform(*width)
        front = edge + setback + generator.exponential(0.4)
        parts += _building(along, across, side, front, generator.uniform(*tall), generator)
        along += across + (gap and generator.exponential(gap))
        if generator.random() < 0.06:
            along += generator.uniform(8.0, 16.0)
    return parts


def _building(
    along: float,
    across: float,
    side: int,
    front: float,
    height: float,
    generator: np.random.Generator,
) -> list[Mesh]:
    depth = generator.uniform(8.0, 15.0)
    shade = generator.uniform(0.08, 0.6)
    tint = 1 - generator.uniform(0.0, 0.5) * np.array([0.0, 0.5, 1.0])
    colour = (float(shade * tint[0]), float(shade * tint[1]), float(shade * tint[2]))
    parts = []
    # Cut along the road so that the walls follow a bend.
    cuts = np.linspace(along, along + across, max(2, int(np.ceil(across / 8)) + 1))
    low, high = sorted((side * front, side * (front + depth)))
    for start, end in itertools.pairwise(cuts):
        parts.append(box((start, low, 0), (end, high, height), colour, Kind.WALL))
    if generator.random() < 0.4:
        roof = box(
            (along - 0.3, low - 0.3, height),
            (along + across + 0.3, high + 0.3, height + generator.uniform(2, 4)),
            (0.12, 0.07, 0.05), Kind.PLAIN, (0.5, 0.5, depth / 2 - 0.2),
        )  # fmt: skip
        parts.append(roof)
    if generator.random() < 0.3:
        low, high = sorted((side * front, side * (front - generator.uniform(0.4, 1.5))))
        parts.append(
            box((along + 1, low, 2.6), (along + across - 1, high, 2.8), colour, Kind.PLAIN)
        )
    number = int(generator.integers(1, 1 << 20))
    return [join([part.numbered(number) for part in parts])]
