"""
People with limbs: on foot, on a bicycle, on a motorbike.

Body coordinates as those of vehicles: x where they face, y left, z up, origin on the ground.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from steps_ros.sim.fittings import Lighting, TYRE
from steps_ros.sim.mesh import blob, box, Colour, cylinder, join, Kind, Mesh, Point
from steps_ros.sim.shapes import disc, limb

_SKINS: tuple[Colour, ...] = ((0.45, 0.3, 0.22), (0.3, 0.18, 0.12), (0.12, 0.07, 0.05))
_STEEL: Colour = (0.2, 0.2, 0.21)
_YELLOW: Colour = (0.55, 0.6, 0.05)


def person_mesh(generator: np.random.Generator, stride: float) -> Mesh:
    """Return a person on foot; ``stride`` is the swing of the legs in radians, 0 stands."""
    tall = float(generator.normal(1.72, 0.1))
    coat, trousers, skin = _draw_clothes(generator)
    hip, shoulder = 0.52 * tall, 0.82 * tall
    broad = 0.11 * tall
    parts = []
    for side in (-1, 1):
        swing = side * stride
        bend = 0.5 * abs(stride) * (swing < 0) + 0.03
        knee = _hang((0.0, side * 0.09, hip), swing + bend, 0.26 * tall)
        foot = _hang(knee, swing - 2 * bend, 0.24 * tall)
        elbow = _hang((0.0, side * broad, shoulder - 0.03), -0.8 * swing, 0.17 * tall)
        hand = _hang(elbow, -0.8 * swing + 0.35, 0.16 * tall)
        parts += [
            limb(((0.0, side * 0.09, hip), knee), (0.085, 0.06), trousers),
            limb((knee, foot), (0.058, 0.042), trousers),
            box(_near(foot, -0.07, -0.045), _near(foot, 0.18, 0.045, 0.07), TYRE),
            limb(((0.0, side * broad, shoulder - 0.03), elbow), (0.06, 0.05), coat),
            limb((elbow, hand), (0.048, 0.035), coat),
        ]
    hem = hip - float(generator.uniform(0.0, 0.2)) * tall * bool(generator.random() < 0.4)
    parts += _trunk((0.0, hem, shoulder), broad, (coat, skin), generator)
    if generator.random() < 0.3:
        parts.append(
            box((-0.26, -0.14, hip + 0.12), (-0.1, 0.14, shoulder - 0.02), trousers, Kind.PLAIN)
        )
    return join(parts)


def bicycle_mesh(generator: np.random.Generator, is_lit: bool) -> Mesh:
    """Return a bicycle with its rider."""
    coat, trousers, skin = _draw_clothes(generator)
    frame: Colour = (float(generator.uniform(0.02, 0.4)), 0.05, float(generator.uniform(0, 0.3)))
    back, front, crank = (-0.52, 0.0, 0.34), (0.54, 0.0, 0.34), (-0.05, 0.0, 0.3)
    saddle, head = (-0.22, 0.0, 0.92), (0.4, 0.0, 0.92)
    bars = [(back, saddle), (crank, saddle), (crank, head), (saddle, head), (head, front)]
    parts = [limb(bar, (0.018, 0.018), frame, 5) for bar in [*bars, (back, crank)]]
    parts += [*_rim(back, 0.33), *_rim(front, 0.33)]
    parts.append(limb(((0.42, -0.26, 1.02), (0.42, 0.26, 1.02)), (0.014, 0.014), TYRE, 5))
    turn = float(generator.uniform(0.0, 6.28))
    feet = (
        (crank[0] + 0.17 * math.cos(turn), -0.1, crank[2] + 0.17 * math.sin(turn)),
        (crank[0] - 0.17 * math.cos(turn), 0.1, crank[2] - 0.17 * math.sin(turn)),
    )
    hands = ((0.42, -0.24, 1.02), (0.42, 0.24, 1.02))
    parts += _seated((-0.2, 0.98), (0.12, 1.45), (feet, hands), (coat, trousers, skin))
    red = ((150.0, 5.0, 3.0), Kind.LAMP) if is_lit else ((0.4, 0.02, 0.02), Kind.SIGN)
    white = ((300.0, 300.0, 300.0), Kind.LAMP) if is_lit else ((0.6, 0.6, 0.6), Kind.SIGN)
    parts.append(box((-0.44, -0.03, 0.72), (-0.41, 0.03, 0.77), *red))
    parts.append(box((0.5, -0.03, 0.95), (0.53, 0.03, 1.0), *white))
    return join(parts)


def motorbike_mesh(paint: Colour, lighting: Lighting, variant: float) -> Mesh:
    """Return a motorbike with its rider."""
    back, front = (-0.72, 0.0, 0.31), (0.72, 0.0, 0.31)
    coat: Colour = (0.03 + 0.2 * variant, 0.03, 0.04)
    feet = ((-0.15, -0.2, 0.32), (-0.15, 0.2, 0.32))
    hands = ((0.42, -0.34, 1.0), (0.42, 0.34, 1.0))
    return join([
        *_tyre(back, 0.31, 0.14),
        *_tyre(front, 0.31, 0.12),
        limb((front, (0.42, 0.0, 0.95)), (0.05, 0.06), _STEEL),
        limb(((-0.45, 0.0, 0.5), (0.4, 0.0, 0.45)), (0.16, 0.18), _STEEL),
        limb(((-0.95, 0.0, 0.78), (-0.1, 0.0, 0.74)), (0.07, 0.15), TYRE),
        limb(((-0.1, 0.0, 0.82), (0.4, 0.0, 0.88)), (0.15, 0.1), paint, 6, Kind.PAINT),
        disc((0.56, 0.0, 0.9), 0.09, 0, (lighting.head,), (8, 2 * math.pi)),
        box((-1.0, -0.1, 0.72), (-0.96, 0.1, 0.8), *lighting.tail),
        box((-1.0, -0.09, 0.5), (-0.98, 0.09, 0.64), (0.7, 0.7, 0.6), Kind.SIGN),
        *_seated((-0.3, 0.82), (0.0, 1.4), (feet, hands), (coat, (0.03, 0.03, 0.05), paint)),
    ])  # fmt: skip


def _draw_clothes(generator: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    """Draw the colours of coat, trousers and skin; night clothes are mostly dark."""
    level = 0.02 + 0.4 * generator.random() ** 2
    red, green, blue = (float(part) for part in level * generator.uniform(0.5, 1.5, 3))
    coat = _YELLOW if generator.random() < 0.05 else (red, green, blue)
    low = float(generator.uniform(0.02, 0.15))
    skin = _SKINS[int(generator.integers(len(_SKINS)))]
    return coat, (low, low, 1.3 * low), skin


def _trunk(
    place: tuple[float, float, float],
    broad: float,
    colours: tuple[Colour, Colour],
    generator: np.random.Generator,
) -> list[Mesh]:
    """Return trunk, neck and head over ``place``: x, and the heights of hem and shoulders."""
    x, hem, shoulder = place
    coat, skin = colours
    top = (x, 0.0, shoulder)
    return [
        _flat(limb(((x, 0.0, hem), top), (0.85 * broad, broad), coat, 8)),
        limb((top, (x, 0.0, shoulder + 0.09)), (0.09, 0.05), skin),
        blob((x + 0.02, 0.0, shoulder + 0.19), (0.1, 0.08, 0.12), skin, generator, rounds=1),
        blob((x - 0.01, 0.0, shoulder + 0.23), (0.1, 0.085, 0.1), TYRE, generator, rounds=1),
    ]


def _seated(
    hip: tuple[float, float],
    shoulder: tuple[float, float],
    reached: tuple[tuple[Point, Point], tuple[Point, Point]],
    colours: tuple[Colour, Colour, Colour],
) -> list[Mesh]:
    """Return a rider from (x, z) of hip and shoulders, who reaches feet and hands."""
    coat, trousers, skin = colours
    still = np.random.default_rng(0)
    low, high = (hip[0], 0.0, hip[1]), (shoulder[0], 0.0, shoulder[1])
    parts = [limb((low, high), (0.16, 0.19), coat, 8)]
    for side, foot, hand in zip((-1, 1), *reached, strict=True):
        start, arm = (hip[0], side * 0.1, hip[1]), (shoulder[0], side * 0.19, shoulder[1] - 0.04)
        knee = (0.5 * (start[0] + foot[0]) + 0.22, side * 0.12, 0.5 * (start[2] + foot[2]) + 0.12)
        elbow = (0.5 * (arm[0] + hand[0]), side * 0.27, 0.5 * (arm[2] + hand[2]) - 0.08)
        parts += [
            limb((start, knee), (0.085, 0.06), trousers),
            limb((knee, foot), (0.06, 0.045), trousers),
            limb((arm, elbow), (0.06, 0.05), coat),
            limb((elbow, hand), (0.05, 0.04), coat),
        ]
    head = (shoulder[0] + 0.09, 0.0, shoulder[1] + 0.22)
    return [*parts, blob(head, (0.13, 0.11, 0.14), skin, still, rounds=1)]


def _tyre(hub: Point, radius: float, width: float) -> list[Mesh]:
    spokes = cylinder(hub, 0.9 * radius, 0.3 * width, 1, _STEEL, 12)
    return [cylinder(hub, radius, width, 1, TYRE, 14), spokes]


def _rim(hub: Point, radius: float) -> list[Mesh]:
    """Return a narrow wheel that one looks through."""
    angles = np.linspace(0.0, 2 * math.pi, 13)
    rim = [_near(hub, radius * math.cos(a), 0.0, radius * math.sin(a)) for a in angles]
    return [
        *(limb(ends, (0.02, 0.02), TYRE, 3) for ends in itertools.pairwise(rim)),
        *(limb((hub, rim[spoke]), (0.005, 0.005), _STEEL, 3) for spoke in range(0, 12, 3)),
    ]


def _hang(start: Point, angle: float, length: float) -> Point:
    """Return the end of a limb that hangs from ``start``, swung forward by an angle."""
    return (start[0] + length * math.sin(angle), start[1], start[2] - length * math.cos(angle))


def _near(place: Point, x: float, y: float, z: float = -0.03) -> Point:
    return (place[0] + x, place[1] + y, place[2] + z)


def _flat(mesh: Mesh) -> Mesh:
    """Return a trunk less deep than broad."""
    mesh.vertices[:, 0] *= 0.65
    return mesh
