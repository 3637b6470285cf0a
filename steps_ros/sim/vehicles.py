"""
Cars, vans, lorries and buses: bodies with cabins, wheels, windows, lamps and plates.

Body coordinates: x towards the nose, y left, z up, origin on the road under the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steps_ros.sim.mesh import box, Colour, cylinder, join, Kind, Mesh, Point
from steps_ros.sim.road import Doubles, Road

GLASS: Colour = (0.03, 0.03, 0.035)
TYRE: Colour = (0.02, 0.02, 0.02)
HEADLAMP_RADIANCE = 6.0e4
TAILLAMP_RADIANCE = 1.2e3
PAINTS: tuple[Colour, ...] = (
    (0.75, 0.75, 0.75),
    (0.45, 0.46, 0.48),
    (0.18, 0.18, 0.19),
    (0.03, 0.03, 0.03),
    (0.35, 0.04, 0.03),
    (0.04, 0.07, 0.25),
    (0.10, 0.16, 0.10),
    (0.55, 0.50, 0.38),
    (0.60, 0.35, 0.05),
)


@dataclass(frozen=True)
class Vehicle:
    """
    A vehicle and where it drives.

    ``along`` is its place at time 0 and ``speed`` in m/s, both along the road; ``left`` its
    lane. ``oncoming`` vehicles are turned round. Lamp positions are in body coordinates.
    """

    mesh: Mesh
    along: float
    left: float
    speed: float
    oncoming: bool
    is_lit: bool
    yaw: float
    length: float
    headlamps: tuple[Point, ...]

    def pose(self, road: Road, along: float) -> Doubles:
        """Return world_from_body when the vehicle is at this place along the road."""
        return road.pose(along, self.left, self.yaw + (np.pi if self.oncoming else 0.0))


@dataclass(frozen=True)
class Body:
    """Outer measures in metres and the paint of one vehicle."""

    length: float
    width: float
    height: float
    paint: Colour


def draw_body(generator: np.random.Generator) -> tuple[Body, str]:
    """Draw a vehicle's measures and type: mostly cars, some vans, few lorries and buses."""
    paint = PAINTS[int(generator.integers(len(PAINTS)))]
    shade = float(generator.uniform(0.7, 1.2))
    paint = (paint[0] * shade, paint[1] * shade, paint[2] * shade)
    size = generator.uniform(0.92, 1.08, 3)
    kind = str(
        generator.choice(['car', 'estate', 'van', 'lorry', 'bus'], p=[0.5, 0.25, 0.15, 0.06, 0.04])
    )
    length, width, height = {
        'car': (4.4, 1.78, 1.45),
        'estate': (4.5, 1.85, 1.65),
        'van': (5.2, 2.0, 2.2),
        'lorry': (8.0, 2.4, 3.2),
        'bus': (11.5, 2.5, 3.0),
    }[kind]
    return Body(length * size[0], width * size[1], height * size[2], paint), kind


def vehicle_mesh(body: Body, kind: str, is_lit: bool) -> Mesh:
    """Return the vehicle in body coordinates; its lamps glow when it is lit."""
    shell = {
        'car': _saloon,
        'estate': _estate,
        'van': _van,
        'lorry': _lorry,
        'bus': _bus,
    }[kind](body)
    return join([*shell, *_wheels(body), *_lamp_boxes(body, is_lit)])


def headlamp_places(body: Body) -> tuple[Point, ...]:
    """Return where the two headlamps are, just before the nose, in body coordinates."""
    x, y = body.length / 2 + 0.08, body.width / 2 - 0.25
    return ((x, y, 0.68), (x, -y, 0.68))


def _cabin(
    body: Body, rear: float, front: float, low: float, slope: tuple[float, float]
) -> list[Mesh]:
    """Return windows from ``low`` upwards with a painted roof; ends as shares of the length."""
    half, side = body.length / 2, body.width / 2
    back, nose = slope
    glass = box(
        (rear * half, -side + 0.05, low),
        (front * half, side - 0.05, body.height - 0.04),
        GLASS,
        Kind.GLASS,
        (back, nose, 0.16),
    )
    roof = box(
        (rear * half + back, -side + 0.2, body.height - 0.06),
        (front * half - nose, side - 0.2, body.height),
        body.paint,
        Kind.PAINT,
    )
    middle = (rear + front) / 2 * half
    pillar = box(
        (middle - 0.06, -side + 0.04, low), (middle + 0.06, side - 0.04, body.height - 0.04),
        body.paint, Kind.PAINT, (0.0, 0.0, 0.16),
    )  # fmt: skip
    return [glass, roof, pillar]


def _hull(body: Body, low: float, high: float, inset: tuple[float, float, float]) -> Mesh:
    half, side = body.length / 2, body.width / 2
    return box((-half, -side, low), (half, side, high), body.paint, Kind.PAINT, inset)


def _saloon(body: Body) -> list[Mesh]:
    belt = 0.62 * body.height
    return [
        _hull(body, 0.25, belt, (0.05, 0.12, 0.04)),
        *_cabin(body, -0.72, 0.42, belt, (0.5, 0.75)),
    ]


def _estate(body: Body) -> list[Mesh]:
    belt = 0.6 * body.height
    return [
        _hull(body, 0.28, belt, (0.03, 0.12, 0.04)),
        *_cabin(body, -0.97, 0.45, belt, (0.2, 0.7)),
    ]


def _van(body: Body) -> list[Mesh]:
    half, side = body.length / 2, body.width / 2
    box_part = box(
        (-half, -side, 0.35), (half - 1.4, side, body.height), body.paint, Kind.PAINT, (0, 0, 0.08)
    )
    nose = box((half - 1.4, -side, 0.35), (half, side, 1.15), body.paint, Kind.PAINT)
    glass = box(
        (half - 1.5, -side + 0.04, 1.15), (half - 0.15, side - 0.04, body.height - 0.1),
        GLASS, Kind.GLASS, (0, 0.9, 0.12),
    )  # fmt: skip
    return [box_part, nose, glass]


def _lorry(body: Body) -> list[Mesh]:
    half, side = body.length / 2, body.width / 2
    load = box((-half, -side, 0.9), (half - 2.2, side, body.height), (0.6, 0.6, 0.58), Kind.PAINT)
    chassis = box((-half, -side + 0.3, 0.5), (half, side - 0.3, 0.9), TYRE)
    cab = box(
        (half - 2.0, -side + 0.05, 0.5),
        (half, side - 0.05, 2.6),
        body.paint,
        Kind.PAINT,
        (0, 0.2, 0.05),
    )
    glass = box(
        (half - 0.5, -side + 0.15, 1.5), (half + 0.02, side - 0.15, 2.3), GLASS, Kind.GLASS
    )
    return [load, chassis, cab, glass]


def _bus(body: Body) -> list[Mesh]:
    half, side = body.length / 2, body.width / 2
    hull = _hull(body, 0.3, body.height, (0, 0.1, 0.05))
    band = box(
        (-half + 0.4, -side - 0.01, 1.3), (half + 0.02, side + 0.01, 2.3), GLASS, Kind.GLASS
    )
    return [hull, band]


def _wheels(body: Body) -> list[Mesh]:
    radius = 0.33 if body.height < 2.5 else 0.5
    x, y = body.length * 0.31, body.width / 2 - 0.11
    return [
        cylinder((along * x, across * y, radius), radius, 0.24, 1, TYRE)
        for along in (-1, 1)
        for across in (-1, 1)
    ]


def _lamp_boxes(body: Body, is_lit: bool) -> list[Mesh]:
    half, side = body.length / 2, body.width / 2
    head = (HEADLAMP_RADIANCE,) * 3 if is_lit else (0.5, 0.5, 0.5)
    tail = (TAILLAMP_RADIANCE, 0.05 * TAILLAMP_RADIANCE, 0.02 * TAILLAMP_RADIANCE)
    dark = (0.25, 0.02, 0.02)
    kind = Kind.LAMP if is_lit else Kind.SIGN
    boxes = [box((-half - 0.03, -0.26, 0.5), (-half, 0.26, 0.62), (0.7, 0.7, 0.6), Kind.SIGN)]
    for sign in (-1, 1):
        y = sign * (side - 0.25)
        boxes.append(box((half - 0.12, y - 0.17, 0.6), (half + 0.02, y + 0.17, 0.76), head, kind))
        boxes.append(
            box(
                (-half - 0.02, y - 0.15, 0.75),
                (-half + 0.1, y + 0.15, 0.92),
                tail if is_lit else dark,
                kind,
            )
        )
    return boxes
