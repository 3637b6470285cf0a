"""
The standing part of a scene: road, pavements, buildings, trees, street lamps, signs, parked cars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
import itertools
import math

import numpy as np

from steps_ros.sim.lamps import join_lamps, lamp, Lamps
from steps_ros.sim.mesh import blob, box, Colour, cylinder, join, Kind, Mesh, Point, strip
from steps_ros.sim.road import Doubles, draw_road, KERB_HEIGHT, Road
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.traffic import draw_parked, draw_people, draw_traffic, Traffic
from steps_ros.sim.trajectory import draw_mounting, ego_body

VIEW_AHEAD = 260.0
_FRONTAGES = {'row': 0.4, 'houses': 0.25, 'towers': 0.15, 'wall': 0.1, 'open': 0.1}
_LAMP_COLOURS: tuple[Colour, ...] = (
    (1.0, 0.55, 0.15),
    (1.0, 0.62, 0.25),
    (1.0, 0.78, 0.5),
    (0.9, 0.95, 1.0),
    (0.85, 1.0, 0.95),
)


@dataclass(frozen=True)
class Street:
    """One world: the road, everything that stands, its lights, and the traffic on it."""

    road: Road
    static: Mesh
    lamps: Lamps
    traffic: Traffic
    clutter: float


def draw_street(settings: ClipSettings) -> Street:
    """Draw the world of a scene; it does not depend on the time of day."""
    generator = settings.generator(Stream.STREET)
    traffic_generator = settings.generator(Stream.TRAFFIC)
    road = draw_road(generator)
    traffic = draw_traffic(road, traffic_generator)
    length = traffic.ego_speed * settings.frames / settings.rate_hz + VIEW_AHEAD
    clutter = float(generator.random())
    parts = _surfaces(road, length, generator)
    lights: list[Lamps] = []
    for side in (-1, 1):
        parts += _frontage(road, side, length, clutter, generator)
        parts += _trees(road, side, length, generator)
        parts += _signs(road, side, length, generator)
    posts, glow = _street_lamps(road, length, generator)
    parts += posts
    lights += glow
    if generator.random() < 0.12:
        parts.append(_bridge(road, generator.uniform(30, length - 60), generator))
    bent = _bend(parts, road, generator)
    standing = [
        *draw_parked(road, length, traffic_generator),
        *draw_people(road, length, traffic_generator),
    ]
    bent_lights = join_lamps(lights)
    bent_lights = replace(bent_lights, position=road.to_world(bent_lights.position))
    return Street(road, join([bent, *standing]), bent_lights, traffic, clutter)


def ego_path(settings: ClipSettings, seconds: Sequence[float]) -> list[Doubles]:
    """Return world_from_body of the ego vehicle at some times, without drawing the street."""
    road = draw_road(settings.generator(Stream.STREET))
    traffic = draw_traffic(road, settings.generator(Stream.TRAFFIC))
    mounting = draw_mounting(settings)
    return [
        ego_body(road, mounting, traffic.ego_speed * time, traffic.ego_left) for time in seconds
    ]


def _bend(parts: list[Mesh], road: Road, generator: np.random.Generator) -> Mesh:
    numbers = generator.integers(1, 1 << 20, len(parts))
    mesh = join([part.numbered(int(number)) for part, number in zip(parts, numbers, strict=True)])
    return replace(mesh, vertices=road.to_world(mesh.texture))


def _surfaces(road: Road, length: float, generator: np.random.Generator) -> list[Mesh]:
    along = np.arange(-30.0, length + 60.0, 3.0, dtype=np.float32)
    grey = generator.uniform(0.05, 0.16)
    asphalt = (grey, grey * 0.98, grey * generator.uniform(0.9, 1.0))
    stone = float(generator.uniform(0.12, 0.35))
    paving = (stone, stone * 0.97, stone * generator.uniform(0.8, 1.0))
    green = float(generator.uniform(0.03, 0.12))
    grass = (green * 0.8, green, green * 0.45)
    right, left = road.edge_right, road.edge_left
    outer_right, outer_left = right - road.pavement_right, left + road.pavement_left
    top = KERB_HEIGHT
    ground = grass if road.setback_left > 3 or generator.random() < 0.3 else paving
    carriageway = [(right - 0.2, 0), (right, 0), (0, 0.02), (left, 0), (left + 0.2, 0)]
    right_ground = [(outer_right - 250, top - 0.02), (outer_right - 20, top), (outer_right, top)]
    left_ground = [(outer_left, top), (outer_left + 20, top), (outer_left + 250, top - 0.02)]
    return [
        strip(along, carriageway, asphalt, Kind.ROAD),
        strip(along, [(outer_right, top), (right, top), (right, 0)], paving, Kind.PAVEMENT),
        strip(along, [(left, 0), (left, top), (outer_left, top)], paving, Kind.PAVEMENT),
        strip(along, right_ground, ground, Kind.GROUND),
        strip(along, left_ground, ground, Kind.GROUND),
    ]  # fmt: skip


def _frontage(
    road: Road, side: int, length: float, clutter: float, generator: np.random.Generator
) -> list[Mesh]:
    """Return what lines one side: a row of buildings, houses with gaps, a wall, or nothing."""
    style = str(generator.choice(list(_FRONTAGES), p=list(_FRONTAGES.values())))
    edge = _outer_edge(road, side)
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
    setback = road.setback_left if side > 0 else road.setback_right
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


def _trees(road: Road, side: int, length: float, generator: np.random.Generator) -> list[Mesh]:
    if generator.random() < 0.4:
        return []
    spacing = generator.uniform(6.0, 25.0)
    offset = generator.uniform(0.6, 1.0)
    parts = []
    edge = _outer_edge(road, side) - offset * _pavement(road, side)
    for along in np.arange(generator.uniform(0, spacing), length, spacing):
        if generator.random() < 0.2:
            continue
        left = side * (edge + generator.uniform(-0.2, 0.2))
        trunk, crown = generator.uniform(2.0, 4.0), generator.uniform(1.2, 3.0)
        green = generator.uniform(0.03, 0.12)
        parts.append(
            cylinder((along, left, trunk / 2), 0.12 + 0.03 * trunk, trunk, 2, (0.1, 0.07, 0.05))
        )
        for _ in range(2):
            shift = generator.uniform(-0.5, 0.5, 2) * crown
            centre = (along + shift[0], left + shift[1], trunk + 0.7 * crown)
            radii = (crown, crown, crown * generator.uniform(0.8, 1.3))
            colour = (green * generator.uniform(0.6, 1.4), green, green * 0.4)
            parts.append(blob(centre, radii, colour, generator, 0.25, Kind.FOLIAGE))
    return parts


def _signs(road: Road, side: int, length: float, generator: np.random.Generator) -> list[Mesh]:
    parts = []
    edge = side * (_outer_edge(road, side) - _pavement(road, side) + 0.4)
    colours: tuple[Colour, ...] = (
        (0.7, 0.7, 0.7),
        (0.6, 0.05, 0.04),
        (0.04, 0.1, 0.5),
        (0.7, 0.5, 0.05),
    )
    for along in np.cumsum(generator.exponential(28.0, 40)):
        if along > length:
            break
        height = generator.uniform(2.0, 3.2)
        size = generator.uniform(0.25, 0.5)
        colour = colours[int(generator.integers(len(colours)))]
        parts.append(cylinder((along, edge, height / 2), 0.045, height, 2, (0.3, 0.3, 0.3), 6))
        parts.append(
            box(
                (along - 0.06, edge - size, height - size),
                (along - 0.03, edge + size, height + size),
                colour,
                Kind.SIGN,
            )
        )
    return parts


def _street_lamps(
    road: Road, length: float, generator: np.random.Generator
) -> tuple[list[Mesh], list[Lamps]]:
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
        edge = _outer_edge(road, side) - _pavement(road, side) + 0.5
        for along in np.arange(generator.uniform(-10, spacing), length, spacing):
            head = (float(along), side * (edge - arm), height)
            is_on = generator.random() < working
            parts += _lamp_post(head, side * edge, tint if is_on else None)
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


def _bridge(road: Road, along: float, generator: np.random.Generator) -> Mesh:
    height, width = generator.uniform(4.8, 6.5), generator.uniform(4.0, 12.0)
    grey = generator.uniform(0.15, 0.4)
    colour = (grey, grey, grey)
    right = -_outer_edge(road, -1) - 1
    left = _outer_edge(road, 1) + 1
    deck = box((along, right - 40, height), (along + width, left + 40, height + 1.4), colour)
    return join([
        deck,
        box((along, right - 1, 0), (along + width, right, height), colour),
        box((along, left, 0), (along + width, left + 1, height), colour),
    ])  # fmt: skip


def _pavement(road: Road, side: int) -> float:
    return road.pavement_left if side > 0 else road.pavement_right


def _outer_edge(road: Road, side: int) -> float:
    """Return how far the pavement's outer edge is from the centre line, positive."""
    edge = road.edge_left if side > 0 else -road.edge_right
    return edge + _pavement(road, side)
