"""
Vehicles that stand: along the kerb, or side by side in the bays of a car park.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steps_ros.sim.crossing import Crossing
from steps_ros.sim.fittings import Lighting
from steps_ros.sim.mesh import Mesh
from steps_ros.sim.places import Place, PlaceKind
from steps_ros.sim.road import Road
from steps_ros.sim.vehicles import CARS, draw_body, Model, vehicle_mesh

_OFF = Lighting(False)
_MODELS = (*CARS, Model.VAN, Model.MOTORBIKE)
BAY_WIDTH, BAY_DEPTH = 2.5, 5.2
# Rows of bays, as distances of their middles from the kerb; between them cars drive.
ROWS = (2.6, 13.8)


def draw_parked(
    place: Place,
    length: float,
    generator: np.random.Generator,
    crossings: Sequence[Crossing] = (),
) -> list[Mesh]:
    """Return the parked vehicles outside crossings, in world coordinates."""
    if place.kind is PlaceKind.CAR_PARK:
        return _in_bays(place.road, length, generator)
    if place.kind is PlaceKind.MOTORWAY:
        return []
    meshes = []
    for side in (-1, 1):
        if (place.road.parking_left if side > 0 else place.road.parking_right) > 0:
            meshes += _along_kerb(place.road, side, length, generator, crossings)
    return meshes


def _along_kerb(
    road: Road,
    side: int,
    length: float,
    generator: np.random.Generator,
    crossings: Sequence[Crossing],
) -> list[Mesh]:
    width = road.parking_left if side > 0 else road.parking_right
    fill = generator.uniform(0.3, 1.0)
    along = -20.0
    meshes = []
    while along < length:
        body = draw_body(generator, _MODELS)
        along += body.length / 2
        is_taken = generator.random() < fill
        left = side * (road.kerb(side) - width / 2 + generator.uniform(-0.15, 0.15))
        yaw = generator.normal(0.0, 0.02) + (np.pi if side > 0 else 0.0)
        number = int(generator.integers(1, 1 << 20))
        if is_taken and not any(item.holds(along, body.length / 2 + 3.0) for item in crossings):
            mesh = vehicle_mesh(body, _OFF).moved(road.pose(along, left, yaw))
            meshes.append(mesh.numbered(number))
        along += body.length / 2 + generator.uniform(0.6, 2.0)
    return meshes


def _in_bays(road: Road, length: float, generator: np.random.Generator) -> list[Mesh]:
    meshes = []
    fill = generator.uniform(0.4, 1.0)
    for side in (-1, 1):
        for row in ROWS:
            for along in np.arange(-20.0, min(length, 160.0), BAY_WIDTH):
                body = draw_body(generator, _MODELS)
                if generator.random() > fill:
                    continue
                left = side * (road.kerb(side) + row + generator.uniform(-0.3, 0.3))
                yaw = np.pi / 2 * (1 if generator.random() < 0.5 else -1)
                pose = road.pose(along + BAY_WIDTH / 2, left, yaw + generator.normal(0.0, 0.02))
                mesh = vehicle_mesh(body, _OFF).moved(pose)
                meshes.append(mesh.numbered(int(generator.integers(1, 1 << 20))))
    return meshes
