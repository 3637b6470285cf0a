"""
Lamp posts along a road, and their light.
"""

from __future__ import annotations

import math

import numpy as np

from steps_ros.sim.instances import place_number
from steps_ros.sim.lamps import lamp, Lamps
from steps_ros.sim.mesh import box, Colour, cylinder, Kind, Mesh, Point
from steps_ros.sim.road import Road

_LAMP_COLOURS: tuple[Colour, ...] = (
    (1.0, 0.55, 0.15),
    (1.0, 0.62, 0.25),
    (1.0, 0.78, 0.5),
    (0.9, 0.95, 1.0),
    (0.85, 1.0, 0.95),
)


def draw_street_lamps(
    road: Road, length: float, generator: np.random.Generator
) -> tuple[list[Mesh], list[Lamps]]:
    """Return the posts, each an object of its own, and what shines from them."""
    sides = [(-1,), (1,), (-1, 1)][int(generator.integers(3))]
    spacing, height = generator.uniform(18.0, 45.0), generator.uniform(4.5, 10.0)
    arm, candela = (
        generator.uniform(0.4, 2.5),
        height**2 * math.exp(generator.uniform(math.log(8.0), math.log(70.0))),
    )
    tint = _LAMP_COLOURS[int(generator.integers(len(_LAMP_COLOURS)))]
    working = generator.uniform(0.0, 1.0) if generator.random() < 0.3 else 0.95
    parts: list[Mesh] = []
    lights: list[Lamps] = []
    for side in sides:
        edge = road.outer_edge(side) - road.pavement(side) + 0.5
        for along in np.arange(generator.uniform(-10, spacing), length, spacing):
            head = (float(along), side * (edge - arm), height)
            is_on = generator.random() < working
            post = _lamp_post(head, side * edge, tint if is_on else None)
            parts += [part.of_object(place_number(float(along), side)) for part in post]
            if is_on:
                level = (candela * tint[0], candela * tint[1], candela * tint[2])
                place = (head[0], head[1], height - 0.2)
                lights.append(lamp(place, level, reach=4.0 * height + 5))
    return parts, lights


def _lamp_post(head: Point, pole: float, tint: Colour | None) -> list[Mesh]:
    """Return the pole at ``pole`` metres left, its arm, and a head that glows in its tint."""
    along, left, height = head
    grey = (0.2, 0.2, 0.2)
    low, high = sorted((pole, left))
    glow = (4.0e4 * tint[0], 4.0e4 * tint[1], 4.0e4 * tint[2]) if tint else (0.5, 0.5, 0.5)
    return [
        cylinder((along, pole, height / 2), 0.08, height, 2, grey, 6),
        box((along - 0.04, low, height - 0.08), (along + 0.04, high, height), grey),
        box(
            (along - 0.12, left - 0.3, height - 0.16),
            (along + 0.12, left + 0.3, height - 0.08),
            glow,
            Kind.LAMP if tint else Kind.PLAIN,
        ),
    ]
