"""
Cars, vans, lorries, buses and motorbikes: which there are, how large, and what they are made of.

Body coordinates: x towards the nose, y left, z up, origin on the road under the middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from steps_ros.sim.fittings import (
    headlamps,
    Lighting,
    mirrors,
    plates,
    tail_lamps,
    third_brake_lamp,
    TYRE,
    wheels,
)
from steps_ros.sim.hulls import BUS, CAB, ESTATE, GLASS, HATCHBACK, Ring, SALOON, shell, VAN
from steps_ros.sim.mesh import box, Colour, join, Kind, Mesh, Point
from steps_ros.sim.riders import motorbike_mesh
from steps_ros.sim.road import Doubles, Road
from steps_ros.sim.shapes import lit_board

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
_BUS_LIGHT: Colour = (18.0, 17.0, 14.0)


class Model(Enum):
    """Kinds of vehicles."""

    SALOON = 'saloon'
    HATCHBACK = 'hatchback'
    ESTATE = 'estate'
    OFF_ROADER = 'off-roader'
    VAN = 'van'
    LORRY = 'lorry'
    TRAILER = 'trailer'
    BUS = 'bus'
    MOTORBIKE = 'motorbike'


# Length, width and height in metres, and the share among all vehicles.
_MODELS: dict[Model, tuple[tuple[float, float, float], float]] = {
    Model.SALOON: ((4.6, 1.80, 1.45), 0.24),
    Model.HATCHBACK: ((4.0, 1.74, 1.48), 0.24),
    Model.ESTATE: ((4.7, 1.82, 1.48), 0.15),
    Model.OFF_ROADER: ((4.5, 1.88, 1.70), 0.12),
    Model.VAN: ((5.3, 2.0, 2.3), 0.11),
    Model.LORRY: ((8.0, 2.45, 3.3), 0.04),
    Model.TRAILER: ((14.0, 2.5, 3.8), 0.02),
    Model.BUS: ((11.5, 2.5, 3.1), 0.04),
    Model.MOTORBIKE: ((2.1, 0.75, 1.3), 0.04),
}
CARS = (Model.SALOON, Model.HATCHBACK, Model.ESTATE, Model.OFF_ROADER)
_CAR_RINGS: dict[Model, tuple[Ring, ...]] = {
    Model.SALOON: SALOON,
    Model.HATCHBACK: HATCHBACK,
    Model.ESTATE: ESTATE,
    Model.OFF_ROADER: ESTATE,
}


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
    lighting: Lighting
    yaw: float
    length: float
    headlamps: tuple[Point, ...]

    def pose(self, road: Road, along: float) -> Doubles:
        """Return world_from_body when the vehicle is at this place along the road."""
        return road.pose(along, self.left, self.yaw + (np.pi if self.oncoming else 0.0))


@dataclass(frozen=True)
class Body:
    """Model, outer measures in metres, paint, and a number in [0, 1) for the rest."""

    model: Model
    length: float
    width: float
    height: float
    paint: Colour
    variant: float

    @property
    def size(self) -> tuple[float, float, float]:
        """Return length, width and height."""
        return self.length, self.width, self.height


def draw_body(
    generator: np.random.Generator, models: tuple[Model, ...] = tuple(_MODELS), heavy: float = 1.0
) -> Body:
    """
    Draw a vehicle's model and measures: mostly cars.

    :param models: those that may come.
    :param heavy: factor on the share of lorries and trailers.
    """
    shares = np.array([
        _MODELS[model][1] * (heavy if model in (Model.LORRY, Model.TRAILER) else 1.0)
        for model in models
    ])  # fmt: skip
    model = models[int(generator.choice(len(models), p=shares / shares.sum()))]
    paint = PAINTS[int(generator.integers(len(PAINTS)))]
    shade = float(generator.uniform(0.7, 1.2))
    size = np.array(_MODELS[model][0]) * generator.uniform(0.93, 1.07, 3)
    return Body(
        model,
        float(size[0]),
        float(size[1]),
        float(size[2]),
        (paint[0] * shade, paint[1] * shade, paint[2] * shade),
        float(generator.random()),
    )


def vehicle_mesh(body: Body, lighting: Lighting) -> Mesh:
    """Return the vehicle in body coordinates."""
    if body.model is Model.MOTORBIKE:
        return motorbike_mesh(body.paint, lighting, body.variant)
    if body.model in _CAR_RINGS:
        return join(_car(body, lighting))
    build = {
        Model.VAN: _van,
        Model.LORRY: _lorry,
        Model.TRAILER: _lorry,
        Model.BUS: _bus,
    }[body.model]
    return join(build(body, lighting))


def headlamp_places(body: Body) -> tuple[Point, ...]:
    """Return where the headlamps are, just before the nose, in body coordinates."""
    x = body.length / 2 + 0.08
    if body.model is Model.MOTORBIKE:
        return ((x - 0.3, 0.0, 0.95),)
    y, z = body.width / 2 - 0.33, 0.8 if body.height > 2.5 else 0.6
    return ((x, y, z), (x, -y, z))


def _car(body: Body, lighting: Lighting) -> list[Mesh]:
    half, side = body.length / 2, body.width / 2
    # Upright lamps beside a tailgate, or broad ones.
    high = body.model is not Model.SALOON and body.variant < 0.6
    size = (0.17, 0.36) if high else (0.38, 0.15)
    radius = 0.37 if body.model is Model.OFF_ROADER else 0.32
    return [
        shell(_CAR_RINGS[body.model], body.size, body.paint),
        *wheels((-0.58 * half, 0.62 * half), side, radius),
        *headlamps(half, side - 0.34, 0.41 * body.height, lighting),
        *tail_lamps(-half - 0.005, side - 0.30, 0.46 * body.height, size, lighting),
        *third_brake_lamp(-0.72 * half, 0.74 * body.height, lighting),
        *plates(half, -half, 0.30 * body.height),
        *mirrors(0.30 * half, 0.96 * side, 0.62 * body.height, 0.2, body.paint),
    ]


def _van(body: Body, lighting: Lighting) -> list[Mesh]:
    half, side = body.length / 2, body.width / 2
    parts = [
        shell(VAN, body.size, body.paint, Kind.LIVERY),
        *wheels((-0.58 * half, 0.64 * half), side, 0.35),
        *headlamps(half, side - 0.32, 0.29 * body.height, lighting),
        *tail_lamps(-half - 0.005, side - 0.15, 0.42 * body.height, (0.14, 0.5), lighting),
        *plates(half, -half, 0.45),
        *mirrors(0.48 * half, 0.97 * side, 0.5 * body.height, 0.26, (0.05, 0.05, 0.05)),
        box((-half - 0.006, -0.01, 0.5), (-half, 0.01, 0.93 * body.height), TYRE),
    ]
    if body.variant < 0.5:
        low, high = 0.55 * body.height, 0.85 * body.height
        parts.append(
            box((-half - 0.005, -0.8 * side, low), (-half, 0.8 * side, high), GLASS, Kind.GLASS)
        )
    return parts


def _lorry(body: Body, lighting: Lighting) -> list[Mesh]:
    """Return a cab with a box behind it, which is a trailer on three axles or stands on one."""
    half, side = body.length / 2, body.width / 2
    shade = 0.25 + 0.5 * body.variant
    load: Colour = (shade, shade, 0.97 * shade) if body.variant > 0.4 else body.paint
    cab_height = min(3.0, 0.88 * body.height)
    cab = shell(CAB, (2.1, body.width - 0.06, cab_height), body.paint)
    cab = replace(cab, vertices=cab.vertices + np.array([half - 1.05, 0, 0], np.float32))
    axles = (0.86 * half, *((-0.45, -0.62, -0.79) if half > 5 else (-0.55,)))
    ribs = [
        box((x, -side - 0.01, 1.0), (x + 0.05, side + 0.01, body.height), load)
        for x in np.arange(-half + 0.4, half - 2.4, 0.9)
    ]
    return [
        box((-half, -side, 1.0), (half - 2.3, side, body.height), load, Kind.LIVERY),
        *ribs,
        box((-half + 0.3, -side + 0.4, 0.6), (half - 0.4, side - 0.4, 1.0), TYRE),
        box((-half, -side + 0.1, 0.45), (-half + 0.1, side - 0.1, 0.6), (0.5, 0.5, 0.5)),
        box((-half - 0.012, -0.02, 1.1), (-half, 0.02, body.height - 0.1), TYRE),
        *(
            box((-half - 0.014, y, 0.95), (-half, y + 0.5, 1.05), (0.7, 0.5, 0.05), Kind.SIGN)
            for y in (-side, side - 0.5)
        ),
        cab,
        *wheels((axles[0], *(half * share for share in axles[1:])), side - 0.04, 0.5),
        *headlamps(half, side - 0.32, 0.85, lighting),
        *tail_lamps(-half - 0.005, side - 0.35, 0.62, (0.4, 0.14), lighting),
        *plates(half, -half, 0.6),
        *mirrors(half - 0.3, side - 0.02, 1.75, 0.3, TYRE),
    ]


def _bus(body: Body, lighting: Lighting) -> list[Mesh]:
    half, side = body.length / 2, body.width / 2
    inside = Kind.SALOON if lighting.is_lit and body.variant < 0.8 else Kind.GLASS
    hull = shell(BUS, body.size, body.paint, Kind.LIVERY)
    glazed = hull.kind == Kind.GLASS
    # The lit saloon behind its windows; the driver sits in the dark.
    passengers = glazed & (hull.vertices[hull.faces][:, :, 0].max(1) < 0.85 * half)
    hull.kind[passengers] = inside
    if inside == Kind.SALOON:
        hull.colour[passengers] = np.array(_BUS_LIGHT) * (0.2 + body.variant)
    high = body.height - 0.38
    low_corner, high_corner = (half - 0.2, -0.7, high), (half + 0.01, 0.7, high + 0.22)
    sign = (
        lit_board(low_corner, high_corner, (300.0, 160.0, 20.0))
        if lighting.is_lit
        else box(low_corner, high_corner, GLASS, Kind.GLASS)
    )
    return [
        hull,
        sign,
        *wheels((-0.5 * half, 0.55 * half), side, 0.48),
        *headlamps(half, side - 0.32, 0.75, lighting),
        *tail_lamps(-half - 0.005, side - 0.2, 0.8, (0.2, 0.5), lighting),
        *plates(half, -half, 0.6),
        *mirrors(half - 0.1, side - 0.02, 1.9, 0.32, TYRE),
    ]
