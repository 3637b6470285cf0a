"""
Parked and moving vehicles on a road, and people beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import math
from typing import NamedTuple

import numpy as np

from steps_ros.sim.crosser import ARM_SEEN, Crosser
from steps_ros.sim.crossing import Crossing
from steps_ros.sim.instances import VEHICLE
from steps_ros.sim.lamps import join_lamps, lamp, Lamps
from steps_ros.sim.mesh import blob, box, cylinder, join, Mesh
from steps_ros.sim.road import Doubles, KERB_HEIGHT, Road
from steps_ros.sim.vehicles import draw_body, headlamp_places, Vehicle, vehicle_mesh

# Moving traffic lives in a window that travels with the ego vehicle and wraps round at its ends.
WINDOW_BEHIND, WINDOW_LENGTH = 30.0, 270.0
_MAX_LIT_AHEAD = 8
_HEADLAMP_CANDELA = 9000.0


class Placed(NamedTuple):
    """
    A moving vehicle at one moment.

    ``number`` among the traffic; ``lap`` how often it has wrapped round in the window, which
    changes where it jumps; ``along`` the road in metres; ``pose`` world_from_body.
    """

    number: int
    lap: int
    along: float
    pose: Doubles


@dataclass(frozen=True)
class Traffic:
    """The vehicles on the road and on its side roads, the ego vehicle's speed in m/s and lane."""

    vehicles: tuple[Vehicle, ...]
    ego_speed: float
    ego_left: float
    crossers: tuple[Crosser, ...] = ()

    def vehicle(self, number: int) -> Vehicle | Crosser:
        """Return the vehicle with this number: first those on the road, then the others."""
        count = len(self.vehicles)
        return self.vehicles[number] if number < count else self.crossers[number - count]

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
            if abs(along - ego_along) < vehicle.length and abs(vehicle.left - self.ego_left) < 2.2:
                continue
            lap = math.floor(way / WINDOW_LENGTH)
            placed.append(Placed(number, lap, along, vehicle.pose(road, along)))
        placed += self._crossing(road, start, seconds)
        return tuple(sorted(placed, key=lambda item: item.along))

    def _crossing(self, road: Road, start: float, seconds: float) -> Iterator[Placed]:
        """Yield the vehicles on side roads within the window, where they can be seen."""
        for number, crosser in enumerate(self.crossers, len(self.vehicles)):
            left = crosser.left(seconds)
            if abs(left) < ARM_SEEN and 0 <= crosser.along - start < WINDOW_LENGTH:
                yield Placed(number, 0, crosser.along, crosser.pose(road, left))

    def mesh(self, placed: Sequence[Placed]) -> Mesh | None:
        """Return all vehicles as one mesh in the world."""
        meshes = [
            self.vehicle(item.number).mesh.moved(item.pose).of_object(VEHICLE.number(item.number))
            for item in placed
        ]
        return join(meshes) if meshes else None

    def headlamps(self, placed: Sequence[Placed], ego_along: float) -> Lamps:
        """Return the headlamps of the nearest lit vehicles ahead."""
        ahead = [item for item in placed if item.along > ego_along]
        lit = [item for item in ahead if self.vehicle(item.number).is_lit][:_MAX_LIT_AHEAD]
        return join_lamps([_headlight(self.vehicle(item.number), item.pose) for item in lit])


def draw_traffic(road: Road, generator: np.random.Generator) -> Traffic:
    """Draw moving vehicles for every lane, from an empty road to dense traffic."""
    ego_lane = int(generator.integers(road.lanes_right))
    ego_speed = float(generator.uniform(5.0, 12.0))
    gap = float(np.exp(generator.uniform(np.log(9.0), np.log(90.0))))
    vehicles: list[Vehicle] = []
    for lane in range(-road.lanes_right, road.lanes_left):
        left = (lane + 0.5) * road.lane_width
        speed = ego_speed * generator.uniform(0.9, 1.15)
        if lane == -1 - ego_lane:
            speed = ego_speed
        oncoming = lane >= 0
        vehicles += _lane(left, -speed if oncoming else speed, oncoming, gap, generator)
    return Traffic(tuple(vehicles), ego_speed, -(ego_lane + 0.5) * road.lane_width)


def draw_parked(
    road: Road,
    length: float,
    generator: np.random.Generator,
    crossings: Sequence[Crossing] = (),
) -> list[Mesh]:
    """Return the vehicles on the parking strips outside crossings, in world coordinates."""
    meshes = []
    for side, width in ((-1, road.parking_right), (1, road.parking_left)):
        if width == 0:
            continue
        edge = road.edge_right if side < 0 else road.edge_left
        fill = generator.uniform(0.3, 1.0)
        along = -20.0
        while along < length:
            body, kind = draw_body(generator)
            along += body.length / 2
            if generator.random() < fill and kind not in ('bus', 'lorry'):
                left = edge - side * (width / 2 + generator.uniform(-0.15, 0.15))
                yaw = generator.normal(0.0, 0.02) + (np.pi if side > 0 else 0.0)
                mesh = vehicle_mesh(body, kind, False).moved(road.pose(along, left, yaw))
                mesh = mesh.numbered(int(generator.integers(1, 1 << 20)))
                if not any(item.holds(along, body.length / 2 + 3.0) for item in crossings):
                    meshes.append(mesh)
            along += body.length / 2 + generator.uniform(0.6, 2.0)
    return meshes


def draw_people(
    road: Road,
    length: float,
    generator: np.random.Generator,
    crossings: Sequence[Crossing] = (),
) -> list[Mesh]:
    """Return standing people on the pavements, and now and then on the road, in the world."""
    people = []
    for _ in range(int(generator.integers(0, 25))):
        edge = road.edge_left if generator.random() < 0.5 else road.edge_right
        outwards = np.sign(edge) * generator.uniform(
            -1.0 if generator.random() < 0.1 else 0.3, 2.5
        )
        along = generator.uniform(0, length)
        place = road.pose(along, edge + outwards, generator.uniform(0, 6.3))
        place[2, 3] += KERB_HEIGHT if outwards * edge > 0 else 0.0
        person = _person(generator).moved(place)
        if not any(crossing.holds(along) for crossing in crossings):
            people.append(person)
    return people


def _lane(
    left: float, speed: float, oncoming: bool, gap: float, generator: np.random.Generator
) -> list[Vehicle]:
    vehicles = []
    along = float(generator.uniform(0.0, gap))
    while along < WINDOW_LENGTH - 10:
        body, kind = draw_body(generator)
        is_lit = bool(generator.random() < 0.93)
        mesh = vehicle_mesh(body, kind, is_lit).numbered(int(generator.integers(1, 1 << 20)))
        vehicles.append(
            Vehicle(
                mesh,
                along - WINDOW_BEHIND + body.length / 2,
                left + generator.normal(0, 0.15),
                speed,
                oncoming,
                is_lit,
                generator.normal(0, 0.01),
                body.length,
                headlamp_places(body),
            )
        )
        along += body.length + max(2.5, generator.exponential(gap))
    return vehicles


def _headlight(vehicle: Vehicle | Crosser, pose: Doubles) -> Lamps:
    """Return one beam for both headlamps of a vehicle that is not near."""
    middle = np.mean(vehicle.headlamps, axis=0)
    place = pose[:3, :3] @ middle + pose[:3, 3]
    nose = pose[:3, 0]
    return lamp(
        (place[0], place[1], place[2]),
        (2 * _HEADLAMP_CANDELA, 1.95 * _HEADLAMP_CANDELA, 1.8 * _HEADLAMP_CANDELA),
        (nose[0], nose[1], nose[2]),
        beam=True,
        reach=50.0,
    )


def _person(generator: np.random.Generator) -> Mesh:
    size = generator.uniform(0.9, 1.1)
    coat = generator.uniform(0.02, 0.4, 3)
    legs = generator.uniform(0.02, 0.2, 3)
    stride = generator.uniform(0.0, 0.3)
    return join(
        [
            box((-stride - 0.07, 0.02, 0), (-stride + 0.09, 0.18, 0.85 * size), tuple(legs)),
            box((stride - 0.07, -0.18, 0), (stride + 0.09, -0.02, 0.85 * size), tuple(legs)),
            cylinder((0, 0, 1.12 * size), 0.2, 0.65 * size, 2, tuple(coat)),
            blob((0, 0, 1.6 * size), (0.1, 0.1, 0.13), (0.4, 0.27, 0.2), generator),
        ]
    )
