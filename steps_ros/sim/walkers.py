"""
People who walk or ride along a road, cross it, or stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steps_ros.sim.crossing import Crossing
from steps_ros.sim.mesh import Mesh
from steps_ros.sim.places import Place, PlaceKind
from steps_ros.sim.riders import bicycle_mesh, person_mesh
from steps_ros.sim.road import Doubles, Road

_WALKING_M_S = (0.8, 1.7)
_CYCLING_M_S = (3.0, 6.5)
# Nobody steps before the ego vehicle when it is nearer than this, in metres.
_CLEAR_AHEAD = 9.0


@dataclass(frozen=True)
class Walker:
    """
    Somebody who moves at a steady pace, along the road or across it.

    ``along`` and ``left`` are the place at time 0 in metres, ``pace`` the speed along and to the
    left in m/s, ``reach`` the least and the greatest left coordinate, where walking ends.
    """

    mesh: Mesh
    along: float
    left: float
    pace: tuple[float, float]
    reach: tuple[float, float]

    def place(self, seconds: float) -> tuple[float, float]:
        """Return the coordinates along and left of the road."""
        left = self.left + self.pace[1] * seconds
        return self.along + self.pace[0] * seconds, min(max(left, self.reach[0]), self.reach[1])

    def pose(self, road: Road, seconds: float) -> Doubles:
        """Return world_from_body; the pavement is higher than the road."""
        along, left = self.place(seconds)
        pose = road.pose(along, left, float(np.arctan2(self.pace[1], self.pace[0])))
        pose[2, 3] += ground_height(road, left)
        return pose


def ground_height(road: Road, left: float) -> float:
    """Return how high the ground is above the carriageway at a left coordinate."""
    return 0.0 if road.edge_right <= left <= road.edge_left else road.kerb_height


def draw_walkers(
    place: Place, length: float, ego: tuple[float, float], generator: np.random.Generator
) -> tuple[Walker, ...]:
    """
    Draw who moves: on pavements, across the road, and on bicycles at its edges.

    :param ego: the ego vehicle's speed in m/s and left coordinate.
    """
    most = place.habits.people
    walkers = [
        _along_pavement(place, length, generator)
        for _ in range(int(generator.integers(most // 2 + 1)) if place.is_paved else 0)
    ]
    across = int(generator.integers(most // 4 + 1))
    walkers += [_across(place.road, length, ego, generator) for _ in range(across)]
    if place.kind is not PlaceKind.MOTORWAY:
        riders = int(generator.integers(4 if place.is_paved else 2))
        walkers += [_cyclist(place.road, length, generator) for _ in range(riders)]
    return tuple(walkers)


def draw_standing(
    place: Place,
    length: float,
    generator: np.random.Generator,
    crossings: Sequence[Crossing] = (),
) -> list[Mesh]:
    """Return people who stand on the pavements, and now and then on the road, in the world."""
    road = place.road
    people = []
    for _ in range(int(generator.integers(place.habits.people + 1))):
        edge = road.edge_left if generator.random() < 0.5 else road.edge_right
        nearest = -1.0 if generator.random() < 0.1 else 0.3
        left = edge + np.sign(edge) * generator.uniform(nearest, 2.5)
        along = generator.uniform(0, length)
        pose = road.pose(along, left, generator.uniform(0, 6.3))
        pose[2, 3] += ground_height(road, left)
        person = person_mesh(generator, 0.0).moved(pose)
        if not any(crossing.holds(along) for crossing in crossings):
            people.append(person)
    return people


def _along_pavement(place: Place, length: float, generator: np.random.Generator) -> Walker:
    road = place.road
    side = 1 if generator.random() < 0.5 else -1
    left = side * (road.kerb(side) + generator.uniform(0.35, 0.95) * road.pavement(side))
    way = 1 if generator.random() < 0.5 else -1
    mesh = person_mesh(generator, float(generator.uniform(0.25, 0.5)))
    pace = (way * float(generator.uniform(*_WALKING_M_S)), 0.0)
    return Walker(mesh, float(generator.uniform(0, length)), left, pace, (left, left))


def _across(
    road: Road, length: float, ego: tuple[float, float], generator: np.random.Generator
) -> Walker:
    """Return somebody who crosses when the ego vehicle is still some way off."""
    speed, ego_left = ego
    way = 1 if generator.random() < 0.5 else -1
    pace = way * float(generator.uniform(*_WALKING_M_S))
    along = float(generator.uniform(10.0, max(length - 240.0, 30.0)))
    # When the ego's lane is reached, the ego vehicle is this far away.
    far = float(generator.uniform(_CLEAR_AHEAD, 35.0)) + 2.0 * speed / abs(pace)
    left = ego_left - pace * (along - far) / speed
    start, end = road.edge_right - 1.0, road.edge_left + 1.0
    return Walker(person_mesh(generator, 0.45), along, left, (0.0, pace), (start, end))


def _cyclist(road: Road, length: float, generator: np.random.Generator) -> Walker:
    oncoming = bool(generator.random() < 0.4)
    lane_edge = (
        road.edge_left - road.parking_left if oncoming else -(road.lanes_right * road.lane_width)
    )
    left = lane_edge + (-0.35 if oncoming else 0.35)
    speed = float(generator.uniform(*_CYCLING_M_S)) * (-1 if oncoming else 1)
    mesh = bicycle_mesh(generator, bool(generator.random() < 0.8))
    return Walker(mesh, float(generator.uniform(5.0, length)), left, (speed, 0.0), (left, left))
