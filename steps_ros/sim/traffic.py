"""
What moves on a road and beside it: vehicles in all lanes, cross traffic, people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
import math
from typing import NamedTuple

import numpy as np

from steps_ros.sim.crosser import ARM_SEEN, Crosser
from steps_ros.sim.fittings import draw_lighting
from steps_ros.sim.instances import PERSON, VEHICLE
from steps_ros.sim.lamps import join_lamps, lamp, Lamps
from steps_ros.sim.mesh import Colour, join, Mesh
from steps_ros.sim.places import Place
from steps_ros.sim.road import Doubles, Road
from steps_ros.sim.vehicles import draw_body, headlamp_places, Vehicle, vehicle_mesh
from steps_ros.sim.walkers import Walker

# Moving traffic lives in a window that travels with the ego vehicle and wraps round at its ends.
WINDOW_BEHIND, WINDOW_LENGTH = 30.0, 270.0
_MAX_LIT_AHEAD, _MAX_TAILS_AHEAD = 8, 6
_HEADLAMP_CANDELA, _TAIL_CANDELA, _BRAKE_CANDELA = 9000.0, 12.0, 120.0
_QUEUE_M_S, _QUEUE_GAP = (1.0, 4.0), (1.5, 7.0)
_LEAST_GAP, _MOST_IN_LANE = 2.0, 16
# People are too small to be seen beyond.
_WALKERS_SEEN = 110.0
# Nothing comes nearer than this to the camera, in metres: hulls along the road, which its own
# bonnet keeps away, and middles across it.
_CLEAR_ALONG, _CLEAR_ACROSS = 3.6, 2.2
_WALKERS_CLEAR = 1.3
# Of those who move; the ones who stand come before.
_FIRST_WALKER = 5000


class Placed(NamedTuple):
    """
    What moves, at one moment.

    ``number`` among the traffic; ``lap`` how often it has wrapped round in the window, which
    changes where it jumps; ``along`` the road in metres; ``pose`` world_from_body; ``instance``
    its number in the instance mask.
    """

    number: int
    lap: int
    along: float
    pose: Doubles
    instance: int


@dataclass(frozen=True)
class Traffic:
    """
    What moves, and the ego vehicle's speed in m/s and lane.

    All have one count: first ``vehicles`` on the road, then ``crossers`` on its side roads, then
    ``walkers``.
    """

    vehicles: tuple[Vehicle, ...]
    ego_speed: float
    ego_left: float
    crossers: tuple[Crosser, ...] = ()
    walkers: tuple[Walker, ...] = ()

    @cached_property
    def movers(self) -> tuple[Vehicle | Crosser | Walker, ...]:
        """Return all that moves, by number."""
        return (*self.vehicles, *self.crossers, *self.walkers)

    def places(self, seconds: Doubles) -> Doubles:
        """Return where the vehicles on the road are along it, (T, V) metres at (T,) seconds."""
        starts = (self.ego_speed * seconds - WINDOW_BEHIND)[:, None]
        first = np.array([vehicle.along for vehicle in self.vehicles])
        speed = np.array([vehicle.speed for vehicle in self.vehicles])
        return np.asarray(starts + (first + speed * seconds[:, None] - starts) % WINDOW_LENGTH)

    def placed(self, road: Road, ego_along: float, seconds: float) -> tuple[Placed, ...]:
        """Return where all vehicles are, in the order of their places along the road."""
        start = ego_along - WINDOW_BEHIND
        placed = []
        for number, vehicle in enumerate(self.vehicles):
            way = vehicle.along + vehicle.speed * seconds - start
            along = start + way % WINDOW_LENGTH
            # Nothing drives through the camera: it would be seen from inside.
            is_near = abs(along - ego_along) < vehicle.length / 2 + _CLEAR_ALONG
            if is_near and abs(vehicle.left - self.ego_left) < _CLEAR_ACROSS:
                continue
            lap = math.floor(way / WINDOW_LENGTH)
            pose = vehicle.pose(road, along)
            placed.append(Placed(number, lap, along, pose, VEHICLE.number(number)))
        placed += self._crossing(road, start, seconds)
        placed += self._walking(road, ego_along, seconds)
        return tuple(sorted(placed, key=lambda item: item.along))

    def _crossing(self, road: Road, start: float, seconds: float) -> Iterator[Placed]:
        """Yield the vehicles on side roads within the window, where they can be seen."""
        for number, crosser in enumerate(self.crossers, len(self.vehicles)):
            left = crosser.left(seconds)
            if abs(left) < ARM_SEEN and 0 <= crosser.along - start < WINDOW_LENGTH:
                pose = crosser.pose(road, left)
                yield Placed(number, 0, crosser.along, pose, VEHICLE.number(number))

    def _walking(self, road: Road, ego_along: float, seconds: float) -> Iterator[Placed]:
        """Yield the people who move, near the camera but not where it drives."""
        first = len(self.vehicles) + len(self.crossers)
        for index, walker in enumerate(self.walkers):
            along, left = walker.place(seconds)
            ahead = along - ego_along
            is_seen = -WINDOW_BEHIND < ahead < _WALKERS_SEEN
            if is_seen and max(abs(ahead), abs(left - self.ego_left)) > _WALKERS_CLEAR:
                instance = PERSON.number(_FIRST_WALKER + index)
                yield Placed(first + index, 0, along, walker.pose(road, seconds), instance)

    def mesh(self, placed: Sequence[Placed]) -> Mesh | None:
        """Return all that moves as one mesh in the world."""
        meshes = [
            self.movers[item.number].mesh.moved(item.pose).of_object(item.instance)
            for item in placed
        ]
        return join(meshes) if meshes else None

    def headlamps(self, placed: Sequence[Placed], ego_along: float) -> Lamps:
        """Return the headlamps of the nearest lit vehicles ahead."""
        ahead = [
            (mover, item.pose)
            for mover, item in ((self.movers[item.number], item) for item in placed)
            if item.along > ego_along and not isinstance(mover, Walker) and mover.lighting.is_lit
        ]
        return join_lamps([_headlight(mover, pose) for mover, pose in ahead[:_MAX_LIT_AHEAD]])

    def tail_lamps(self, placed: Sequence[Placed], ego_along: float) -> Lamps:
        """Return the tail lamps of the nearest lit vehicles that drive ahead."""
        ahead = [
            (mover, item.pose)
            for mover, item in ((self.movers[item.number], item) for item in placed)
            if item.along > ego_along and isinstance(mover, Vehicle)
            if mover.lighting.is_lit and not mover.oncoming
        ]
        return join_lamps([_tail_light(mover, pose) for mover, pose in ahead[:_MAX_TAILS_AHEAD]])


def draw_traffic(place: Place, generator: np.random.Generator) -> Traffic:
    """Draw moving vehicles for every lane, from an empty road to a queue."""
    road, habits = place.road, place.habits
    ego_lane = int(generator.integers(road.lanes_right))
    ego_speed = float(generator.uniform(*(_QUEUE_M_S if place.is_queue else habits.speed)))
    shortest, longest = _QUEUE_GAP if place.is_queue else habits.gap
    gap = math.exp(generator.uniform(math.log(shortest), math.log(longest)))
    vehicles: list[Vehicle] = []
    for lane in range(-road.lanes_right, road.lanes_left):
        speed = ego_speed * generator.uniform(0.9, 1.15)
        if lane == -1 - ego_lane:
            speed = ego_speed
        vehicles += _lane(place, lane, speed, gap, generator)
    return Traffic(tuple(vehicles), ego_speed, road.lane_middle(-1 - ego_lane))


def _lane(
    place: Place, lane: int, speed: float, gap: float, generator: np.random.Generator
) -> list[Vehicle]:
    vehicles: list[Vehicle] = []
    oncoming = lane >= 0
    along = float(generator.uniform(0.0, gap))
    while along < WINDOW_LENGTH - 10 and len(vehicles) < _MOST_IN_LANE:
        body = draw_body(generator, heavy=place.habits.heavy)
        lighting = draw_lighting(generator, 0.95, 0.5 if place.is_queue else 0.06)
        mesh = vehicle_mesh(body, lighting).numbered(int(generator.integers(1, 1 << 20)))
        vehicles.append(
            Vehicle(
                mesh,
                along - WINDOW_BEHIND + body.length / 2,
                place.road.lane_middle(lane) + generator.normal(0, 0.15),
                -speed if oncoming else speed,
                oncoming,
                lighting,
                generator.normal(0, 0.01),
                body.length,
                headlamp_places(body),
            )
        )
        along += body.length + max(_LEAST_GAP, generator.exponential(gap))
    return vehicles


def _headlight(vehicle: Vehicle | Crosser, pose: Doubles) -> Lamps:
    """Return one beam for both headlamps of a vehicle that is not near."""
    middle = np.mean(vehicle.headlamps, axis=0)
    place = pose[:3, :3] @ middle + pose[:3, 3]
    nose = pose[:3, 0]
    return lamp(
        (place[0], place[1], place[2]),
        _times(vehicle.lighting.tint, 2 * _HEADLAMP_CANDELA),
        (nose[0], nose[1], nose[2]),
        beam=True,
        reach=50.0,
    )


def _tail_light(vehicle: Vehicle, pose: Doubles) -> Lamps:
    """Return one red light for both tail lamps of a vehicle."""
    place = pose[:3, :3] @ np.array([-vehicle.length / 2 - 0.1, 0.0, 0.8]) + pose[:3, 3]
    level = _BRAKE_CANDELA if vehicle.lighting.brakes else _TAIL_CANDELA
    back = -pose[:3, 0]
    return lamp(
        (place[0], place[1], place[2]),
        _times((1.0, 0.05, 0.02), level),
        (back[0], back[1], back[2]),
        reach=14.0,
    )


def _times(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)
