"""
Vehicles that cross the road: they drive through gaps in its traffic, or wait for one.
"""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.crosser import Crosser
from steps_ros.sim.crossing import Crossing
from steps_ros.sim.fittings import draw_lighting
from steps_ros.sim.road import Doubles, Road
from steps_ros.sim.traffic import Traffic
from steps_ros.sim.vehicles import Body, draw_body, headlamp_places, vehicle_mesh

_BEFORE_EGO_S, _AFTER_EGO_S = 25.0, 6.0


def draw_cross_traffic(
    road: Road,
    traffic: Traffic,
    crossings: Sequence[Crossing],
    generator: np.random.Generator,
) -> tuple[Crosser, ...]:
    """Draw what crosses while the ego vehicle is near, and what waits at the line."""
    crossers: list[Crosser] = []
    for crossing in crossings:
        for heading in (1, -1):
            crossers += _lane(road, traffic, crossing, heading, generator)
    return tuple(crossers)


def _lane(
    road: Road, traffic: Traffic, crossing: Crossing, heading: int, generator: np.random.Generator
) -> list[Crosser]:
    speed = float(generator.uniform(6.0, 10.0))
    pause = float(np.exp(generator.uniform(np.log(0.5), np.log(5.0))))
    waits = generator.random() < 0.3
    nearest = crossing.along / traffic.ego_speed
    seconds = nearest - _BEFORE_EGO_S
    crossers: list[Crosser] = []
    while not waits and seconds < nearest + _AFTER_EGO_S:
        body = draw_body(generator)
        if not _is_free(road, traffic, crossing, (seconds, speed, body.length)):
            seconds += 0.5
            continue
        crossers.append(_crosser(crossing, heading, body, generator, speed, seconds))
        seconds += (body.length + 9.0) / speed + float(generator.exponential(pause))
    if waits or (not crossers and generator.random() < 0.7):
        body = draw_body(generator)
        left = -heading * float(road.outer_edge(-heading) + 0.5 + body.length / 2)
        crossers.append(_crosser(crossing, heading, body, generator, waits_left=left))
    return crossers


def _crosser(
    crossing: Crossing,
    heading: int,
    body: Body,
    generator: np.random.Generator,
    speed: float = 0.0,
    at_s: float = 0.0,
    waits_left: float | None = None,
) -> Crosser:
    lighting = draw_lighting(generator, 0.93)
    mesh = vehicle_mesh(body, lighting).numbered(int(generator.integers(1, 1 << 20)))
    along = crossing.along + heading * crossing.half / 2
    return Crosser(mesh, lighting, headlamp_places(body), along, heading, speed, at_s, waits_left)


def _is_free(
    road: Road, traffic: Traffic, crossing: Crossing, passage: tuple[float, float, float]
) -> bool:
    """Say whether the road is clear while a vehicle (time, speed, length) passes over it."""
    seconds, speed, length = passage
    widest = max(road.kerb(1), road.kerb(-1))
    half_s = (widest + length / 2 + 1.0) / speed
    times = seconds + np.linspace(-half_s, half_s, max(3, math.ceil(half_s / 0.1)))
    ego = traffic.ego_speed * times
    if np.abs(ego - crossing.along).min() < crossing.half + 9.0:
        return False
    return not bool(_occupied(traffic, crossing, times).any())


def _occupied(traffic: Traffic, crossing: Crossing, times: Doubles) -> NDArray[np.bool_]:
    """Say when a vehicle on the road is within the crossing."""
    places = traffic.places(times)
    lengths = np.array([vehicle.length for vehicle in traffic.vehicles])
    near = np.abs(places - crossing.along) < crossing.half + lengths / 2 + 1.5
    return np.asarray(near.any(1))
