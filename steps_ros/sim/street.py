"""
The standing part of a scene: road, land, buildings, trees, lamps, signs, parked vehicles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
import itertools

import numpy as np

from steps_ros.sim.buildings import draw_frontage
from steps_ros.sim.cross_traffic import draw_cross_traffic
from steps_ros.sim.crossing import Crossing, draw_arms, draw_crossings
from steps_ros.sim.ground import draw_ground, surfaces
from steps_ros.sim.instances import NumberRange, PARKED, PERSON, STANDING
from steps_ros.sim.lamps import join_lamps, Lamps
from steps_ros.sim.mesh import join, Mesh
from steps_ros.sim.overhead import draw_wires
from steps_ros.sim.parked import draw_parked
from steps_ros.sim.places import draw_place, Place
from steps_ros.sim.road import Road
from steps_ros.sim.roadside import draw_bins, draw_rails, draw_signs
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.signals import draw_signals
from steps_ros.sim.street_lamps import draw_street_lamps
from steps_ros.sim.structures import draw_structures
from steps_ros.sim.traffic import draw_traffic, Traffic
from steps_ros.sim.trees import draw_trees
from steps_ros.sim.verge import draw_tufts
from steps_ros.sim.walkers import draw_standing, draw_walkers

VIEW_AHEAD = 260.0


@dataclass(frozen=True)
class Street:
    """One world: the place and its road, all that stands, its lights, and what moves."""

    place: Place
    static: Mesh
    lamps: Lamps
    traffic: Traffic
    crossings: tuple[Crossing, ...]

    @property
    def road(self) -> Road:
        """Return the road that the camera drives on."""
        return self.place.road


def draw_way(settings: ClipSettings) -> tuple[Place, Traffic]:
    """Draw where the road leads and what drives on it, the ego vehicle's way included."""
    place = draw_place(settings.generator(Stream.STREET))
    return place, draw_traffic(place, settings.generator(Stream.TRAFFIC))


def draw_street(settings: ClipSettings) -> Street:
    """Draw the world of a scene; it does not depend on the time of day."""
    place, traffic = draw_way(settings)
    road = place.road
    length = traffic.ego_speed * settings.frames / settings.rate_hz + VIEW_AHEAD
    generator = settings.generator(Stream.CROSSING)
    crossings: tuple[Crossing, ...] = ()
    if settings.crossings and generator.random() < place.habits.crossings:
        crossings = draw_crossings(road, length - VIEW_AHEAD, generator)
    crossers = draw_cross_traffic(road, traffic, crossings, generator)
    parts, lamps = _along_the_road(place, length, crossings, settings.generator(Stream.ROADSIDE))
    asphalt = parts[0].colour[0].tolist()
    for crossing in crossings:
        arms, glow = draw_arms(road, crossing, tuple(asphalt), generator)
        parts += arms
        lamps = join_lamps([lamps, glow])
    bent = _bend(parts, road, generator)
    people = settings.generator(Stream.PEOPLE)
    ego = (traffic.ego_speed, traffic.ego_left)
    walkers = draw_walkers(place, length, ego, people)
    traffic = replace(traffic, crossers=crossers, walkers=walkers)
    parked = draw_parked(place, length, settings.generator(Stream.PARKED), crossings)
    standing = draw_standing(place, length, people, crossings)
    static = join([bent, *_numbered(parked, PARKED), *_numbered(standing, PERSON)])
    lamps = replace(lamps, position=road.to_world(lamps.position))
    return Street(place, static, lamps, traffic, crossings)


def _numbered(meshes: Sequence[Mesh], numbers: NumberRange) -> Iterator[Mesh]:
    """Yield objects with their numbers in the instance mask."""
    for index, mesh in enumerate(meshes):
        yield mesh.of_object(numbers.number(index))


def _along_the_road(
    place: Place, length: float, crossings: Sequence[Crossing], generator: np.random.Generator
) -> tuple[list[Mesh], Lamps]:
    """Return the road and what lines it, and the street lamps, in road coordinates."""
    soil = draw_ground(place, generator)
    ground = surfaces(place, soil, length, crossings)
    parts: list[Mesh] = []
    for side in (-1, 1):
        parts += draw_frontage(place, side, length, generator)
        parts += draw_trees(place, side, length, generator)
        parts += draw_signs(place, side, length, generator)
    parts += draw_rails(place, length, generator)
    parts += draw_bins(place, length, generator)
    parts += draw_wires(place, length, generator)
    parts += draw_tufts(place, soil.beside, length, generator)
    lights: list[Lamps] = []
    for more, shining in (
        draw_street_lamps(place, length, generator),
        draw_structures(place, length, generator),
        draw_signals(place, length, crossings, generator),
    ):
        parts += more
        lights += shining
    lamps = join_lamps(lights)
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
    return ground + parts, lamps.chosen(np.array(is_clear, bool))


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
