"""
Lamp posts along a road, and their light.
"""

from __future__ import annotations

import math

import numpy as np

from steps_ros.sim.instances import place_number
from steps_ros.sim.lamps import lamp, Lamps
from steps_ros.sim.mesh import blob, box, Colour, cylinder, Kind, Mesh, Point
from steps_ros.sim.places import Place
from steps_ros.sim.shapes import limb

# High-pressure sodium three times, diodes from warm to neutral, mercury, metal halide; and how
# often each is met with.
_LAMP_COLOURS: tuple[Colour, ...] = (
    (1.0, 0.45, 0.08),
    (1.0, 0.52, 0.13),
    (1.0, 0.6, 0.24),
    (1.0, 0.74, 0.45),
    (1.0, 0.87, 0.7),
    (0.9, 0.95, 1.0),
    (0.82, 1.0, 0.88),
)
_SHARES = (0.2, 0.2, 0.16, 0.18, 0.1, 0.1, 0.06)
_GREY: Colour = (0.2, 0.2, 0.2)


def draw_street_lamps(
    place: Place, length: float, generator: np.random.Generator
) -> tuple[list[Mesh], list[Lamps]]:
    """Return the posts, each an object of its own, and what shines from them."""
    road, habits = place.road, place.habits
    if generator.random() < habits.unlit:
        return [], []
    sides = [(-1,), (1,), (-1, 1)][int(generator.integers(3))]
    spacing = generator.uniform(*habits.lamp_spacing)
    height = generator.uniform(*habits.lamp_height)
    is_globe = height < 6.0 and generator.random() < 0.4
    arm = 0.0 if is_globe else float(generator.uniform(0.4, 2.5))
    candela = height**2 * math.exp(generator.uniform(math.log(15.0), math.log(110.0)))
    main = int(generator.choice(len(_LAMP_COLOURS), p=_SHARES))
    working = generator.uniform(0.0, 1.0) if generator.random() < 0.2 else 0.95
    parts: list[Mesh] = []
    lights: list[Lamps] = []
    for side in sides:
        edge = road.kerb(side) + min(0.5, 0.4 * road.pavement(side))
        for along in np.arange(generator.uniform(-10, spacing), length, spacing):
            # Now and then a lamp was replaced by one of another kind.
            changed = generator.random() < 0.12
            tint = _LAMP_COLOURS[(main + changed) % len(_LAMP_COLOURS)]
            head = (float(along), side * (edge - arm), height)
            is_on = generator.random() < working
            build = _globe_post if is_globe else _arm_post
            post = build(head, side * edge, tint if is_on else None)
            parts += [part.of_object(place_number(float(along), side)) for part in post]
            if is_on:
                level = (candela * tint[0], candela * tint[1], candela * tint[2])
                shining = (head[0], head[1], height - 0.25)
                lights.append(lamp(shining, level, reach=4.0 * height + 5))
    return parts, lights


def _arm_post(head: Point, pole: float, tint: Colour | None) -> list[Mesh]:
    """Return the pole at ``pole`` metres left, its arm, and a head that glows in its tint."""
    along, left, height = head
    return [
        limb(((along, pole, 0.0), (along, pole, height - 0.3)), (0.1, 0.06), _GREY),
        limb(((along, pole, height - 0.3), (along, left, height)), (0.05, 0.04), _GREY, 5),
        box((along - 0.14, left - 0.32, height - 0.07), (along + 0.14, left + 0.32, height + 0.05),
            _GREY, Kind.PLAIN, (0.05, 0.05, 0.1)),
        box((along - 0.12, left - 0.26, height - 0.14), (along + 0.12, left + 0.26, height - 0.07),
            *_glow(tint, 4.0e4)),
    ]  # fmt: skip


def _globe_post(head: Point, pole: float, tint: Colour | None) -> list[Mesh]:
    """Return a pole with a frosted globe on it."""
    along, _, height = head
    still = np.random.default_rng(0)
    top = (along, pole, height)
    return [
        cylinder((along, pole, height / 2 - 0.1), 0.06, height - 0.2, 2, _GREY, 6),
        blob(top, (0.22, 0.22, 0.22), *_glow(tint, 4.0e3)[:1], still, 0.0, _glow(tint, 1)[1], 1),
        cylinder((along, pole, height + 0.22), 0.12, 0.05, 2, _GREY, 6),
    ]


def _glow(tint: Colour | None, level: float) -> tuple[Colour, Kind]:
    """Return radiance and kind of a lamp's glass."""
    if tint is None:
        return (0.5, 0.5, 0.5), Kind.PLAIN
    return (level * tint[0], level * tint[1], level * tint[2]), Kind.LAMP
