"""
The standing part of a scene: road, pavements, buildings, trees, street lamps, signs, parked cars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.buildings import draw_frontage
from steps_ros.sim.cross_traffic import draw_cross_traffic
from steps_ros.sim.crossing import Crossing, draw_arms, draw_crossings
from steps_ros.sim.instances import PARKED, PERSON, place_number, STANDING
from steps_ros.sim.lamps import join_lamps, Lamps
from steps_ros.sim.mesh import blob, box, Colour, cylinder, join, Kind, Mesh, strip
from steps_ros.sim.road import draw_road, KERB_HEIGHT, Road
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.street_lamps import draw_street_lamps
from steps_ros.sim.traffic import draw_parked, draw_people, draw_traffic, Traffic

VIEW_AHEAD = 260.0
_BARK: Colour = (0.1, 0.07, 0.05)
_FIRST, _PAST_END, _STEP = -30.0, 60.0, 3.0


@dataclass(frozen=True)
class Street:
    """One world: the road, everything that stands, its lights, and the traffic on it."""

    road: Road
    static: Mesh
    lamps: Lamps
    traffic: Traffic
    crossings: tuple[Crossing, ...]


class _Ground(NamedTuple):
    """Colours of what one walks and drives on."""

    asphalt: Colour
    paving: Colour
    beside: Colour


def draw_street(settings: ClipSettings) -> Street:
    """Draw the world of a scene; it does not depend on the time of day."""
    generator = settings.generator(Stream.STREET)
    traffic_generator = settings.generator(Stream.TRAFFIC)
    crossing_generator = settings.generator(Stream.CROSSING)
    road = draw_road(generator)
    traffic = draw_traffic(road, traffic_generator)
    length = traffic.ego_speed * settings.frames / settings.rate_hz + VIEW_AHEAD
    crossings: tuple[Crossing, ...] = ()
    if settings.crossings:
        crossings = draw_crossings(road, length - VIEW_AHEAD, crossing_generator)
        crossers = draw_cross_traffic(road, traffic, crossings, crossing_generator)
        traffic = replace(traffic, crossers=crossers)
    parts, lamps = _along_the_road(road, length, crossings, generator)
    asphalt: Colour = tuple(parts[0].colour[0].tolist())
    for crossing in crossings:
        arms, glow = draw_arms(road, crossing, asphalt, crossing_generator)
        parts += arms
        lamps = join_lamps([lamps, glow])
    bent = _bend(parts, road, generator)
    parked = [
        part.of_object(PARKED.number(index))
        for index, part in enumerate(draw_parked(road, length, traffic_generator, crossings))
    ]
    people = [
        part.of_object(PERSON.number(index))
        for index, part in enumerate(draw_people(road, length, traffic_generator, crossings))
    ]
    lamps = replace(lamps, position=road.to_world(lamps.position))
    return Street(road, join([bent, *parked, *people]), lamps, traffic, crossings)


def _along_the_road(
    road: Road, length: float, crossings: Sequence[Crossing], generator: np.random.Generator
) -> tuple[list[Mesh], Lamps]:
    """Return the road and what lines it, and the street lamps, in road coordinates."""
    # A number that nothing needs any more; the ones after it stay what they were.
    generator.random()
    surfaces = _surfaces(road, _draw_ground(road, generator), length, crossings)
    parts: list[Mesh] = []
    for side in (-1, 1):
        parts += draw_frontage(road, side, length, generator)
        parts += _trees(road, side, length, generator)
        parts += _signs(road, side, length, generator)
    posts, lights = draw_street_lamps(road, length, generator)
    parts += posts
    if generator.random() < 0.12:
        parts.append(_bridge(road, generator.uniform(30, length - 60), generator))
    lamps = join_lamps(lights)
    if crossings:
        parts = [
            part
            for whole in _objects(parts)
            if not any(crossing.is_built_on(whole) for crossing in crossings)
            for part in whole
        ]
        is_clear = [
            not any(crossing.holds(float(along)) for crossing in crossings)
            for along in lamps.position[:, 0]
        ]
        lamps = lamps.chosen(np.array(is_clear, bool))
    return surfaces + parts, lamps


def _objects(parts: Sequence[Mesh]) -> Iterator[list[Mesh]]:
    """Yield what belongs together: neighbours with the same number, and each part without one."""
    numbers = [int(part.instance[0]) or -index - 1 for index, part in enumerate(parts)]
    together = itertools.groupby(range(len(parts)), key=numbers.__getitem__)
    for _, indices in together:
        yield [parts[index] for index in indices]


def _bend(parts: list[Mesh], road: Road, generator: np.random.Generator) -> Mesh:
    """Return all parts on the bent road, with a pattern for each and a number for each object."""
    numbered = [
        part.of_object(STANDING.number(index))
        for index, whole in enumerate(_objects(parts))
        for part in whole
    ]
    numbers = generator.integers(1, 1 << 20, len(parts))
    mesh = join(
        [part.numbered(int(number)) for part, number in zip(numbered, numbers, strict=True)]
    )
    return replace(mesh, vertices=road.to_world(mesh.vertices))


def _draw_ground(road: Road, generator: np.random.Generator) -> _Ground:
    grey = generator.uniform(0.05, 0.16)
    asphalt = (grey, grey * 0.98, grey * generator.uniform(0.9, 1.0))
    stone = float(generator.uniform(0.12, 0.35))
    paving = (stone, stone * 0.97, stone * generator.uniform(0.8, 1.0))
    green = float(generator.uniform(0.03, 0.12))
    grass = (green * 0.8, green, green * 0.45)
    is_green = road.setback_left > 3 or generator.random() < 0.3
    return _Ground(asphalt, paving, grass if is_green else paving)


def _surfaces(
    road: Road, ground: _Ground, length: float, crossings: Sequence[Crossing]
) -> list[Mesh]:
    """Return the carriageway, and what lies beside it outside the mouths of crossings."""
    along = np.arange(_FIRST, length + _PAST_END, _STEP, dtype=np.float32)
    right, left = road.edge_right, road.edge_left
    outer_right, outer_left = right - road.pavement_right, left + road.pavement_left
    top = KERB_HEIGHT
    carriageway = [(right - 0.2, 0), (right, 0), (0, 0.02), (left, 0), (left + 0.2, 0)]
    right_ground = [(outer_right - 250, top - 0.02), (outer_right - 20, top), (outer_right, top)]
    left_ground = [(outer_left, top), (outer_left + 20, top), (outer_left + 250, top - 0.02)]
    beside = (
        ([(outer_right, top), (right, top), (right, 0)], ground.paving, Kind.PAVEMENT),
        ([(left, 0), (left, top), (outer_left, top)], ground.paving, Kind.PAVEMENT),
        (right_ground, ground.beside, Kind.GROUND),
        (left_ground, ground.beside, Kind.GROUND),
    )
    pieces = _between(along, crossings)
    return [
        strip(along, carriageway, ground.asphalt, Kind.ROAD),
        *(
            join([strip(piece, section, colour, kind) for piece in pieces])
            for section, colour, kind in beside
        ),
    ]


def _between(
    along: NDArray[np.float32], crossings: Sequence[Crossing]
) -> list[NDArray[np.float32]]:
    """Return the places along the road in pieces, without the mouths of crossings."""
    pieces = []
    start = along[0]
    for crossing in crossings:
        low, high = crossing.mouth
        inner = along[(along > start) & (along < low)]
        pieces.append(np.array([start, *inner, low], np.float32))
        start = np.float32(high)
    return [*pieces, np.array([start, *along[along > start]], np.float32)]


def _trees(road: Road, side: int, length: float, generator: np.random.Generator) -> list[Mesh]:
    if generator.random() < 0.4:
        return []
    spacing = generator.uniform(6.0, 25.0)
    offset = generator.uniform(0.6, 1.0)
    parts = []
    edge = road.outer_edge(side) - offset * road.pavement(side)
    for along in np.arange(generator.uniform(0, spacing), length, spacing):
        if generator.random() < 0.2:
            continue
        left = side * (edge + generator.uniform(-0.2, 0.2))
        trunk, crown = generator.uniform(2.0, 4.0), generator.uniform(1.2, 3.0)
        green = generator.uniform(0.03, 0.12)
        stem = cylinder((along, left, trunk / 2), 0.12 + 0.03 * trunk, trunk, 2, _BARK)
        number = place_number(along, side)
        parts.append(stem.of_object(number))
        for _ in range(2):
            shift = generator.uniform(-0.5, 0.5, 2) * crown
            centre = (along + shift[0], left + shift[1], trunk + 0.7 * crown)
            radii = (crown, crown, crown * generator.uniform(0.8, 1.3))
            colour = (green * generator.uniform(0.6, 1.4), green, green * 0.4)
            crown_part = blob(centre, radii, colour, generator, 0.25, Kind.FOLIAGE)
            parts.append(crown_part.of_object(number))
    return parts


def _signs(road: Road, side: int, length: float, generator: np.random.Generator) -> list[Mesh]:
    parts = []
    edge = side * (road.outer_edge(side) - road.pavement(side) + 0.4)
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
        pole = cylinder((along, edge, height / 2), 0.045, height, 2, (0.3, 0.3, 0.3), 6)
        plate = box(
            (along - 0.06, edge - size, height - size),
            (along - 0.03, edge + size, height + size),
            colour,
            Kind.SIGN,
        )
        number = place_number(along, side)
        parts += [pole.of_object(number), plate.of_object(number)]
    return parts


def _bridge(road: Road, along: float, generator: np.random.Generator) -> Mesh:
    height, width = generator.uniform(4.8, 6.5), generator.uniform(4.0, 12.0)
    grey = generator.uniform(0.15, 0.4)
    colour = (grey, grey, grey)
    right = -road.outer_edge(-1) - 1
    left = road.outer_edge(1) + 1
    deck = box((along, right - 40, height), (along + width, left + 40, height + 1.4), colour)
    return join([
        deck,
        box((along, right - 1, 0), (along + width, right, height), colour),
        box((along, left, 0), (along + width, left + 1, height), colour),
    ])  # fmt: skip
