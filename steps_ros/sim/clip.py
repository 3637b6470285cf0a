"""
A drive through a simulated street, frame by frame, with exact depth and pose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.sim.lidar import body_from_lidar, cast_turn, LidarSettings, Scan
from steps_ros.sim.mesh import Floats
from steps_ros.sim.render import render
from steps_ros.sim.road import Doubles
from steps_ros.sim.sensor import develop, draw_sensor, exposure_gain, Sensor
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.trajectory import Mounting, world_from_camera
from steps_ros.sim.world import make_world, World


@dataclass(frozen=True)
class RadianceFrame:
    """
    What reaches the lens, before any sensor.

    ``radiance`` (H, W, 3) cd/m2 of linear RGB; ``depth`` (H, W) metres along the optical axis,
    +inf for sky; ``world_from_camera`` 4x4 with camera axes right, down, forward; ``mounting``
    how the camera sits above the road.
    """

    radiance: Floats
    depth: Floats
    camera: Camera
    world_from_camera: Doubles
    stamp_ns: int
    mounting: Mounting


@dataclass(frozen=True)
class SimulatedFrame:
    """
    As :class:`RadianceFrame`, with the picture, (H, W, 3) uint8 RGB, in place of radiance.

    ``scan`` is the LiDAR's turn that belongs to the picture, None without a LiDAR.
    """

    image: NDArray[np.uint8]
    depth: Floats
    camera: Camera
    world_from_camera: Doubles
    stamp_ns: int
    mounting: Mounting
    scan: Scan | None = None


def simulate_clip(
    settings: ClipSettings,
    first: int = 0,
    last: int | None = None,
    lidar: LidarSettings | None = None,
) -> Iterator[SimulatedFrame]:
    """
    Drive through one street and take a picture at every frame from ``first`` to before ``last``.

    The exposure is set on frame 0 and kept, as a camera on a steady drive would. A frame is the
    same whatever part of the drive is asked for.
    """
    sensor, gain = _exposure(settings)
    world = make_world(settings)
    numbers = range(settings.frames)[first:last]
    for number, frame in zip(numbers, render_clip(settings, first, last), strict=True):
        yield SimulatedFrame(
            develop(frame.radiance, gain, sensor, settings.generator(Stream.SENSOR, number)),
            frame.depth,
            frame.camera,
            frame.world_from_camera,
            frame.stamp_ns,
            frame.mounting,
            None if lidar is None else _scan(world, lidar, number),
        )


def render_clip(
    settings: ClipSettings, first: int = 0, last: int | None = None
) -> Iterator[RadianceFrame]:
    """Drive through one street and yield what reaches the lens, frame by frame."""
    world = make_world(settings)
    camera = world.mounting.camera
    for number in range(settings.frames)[first:last]:
        seconds = number / settings.rate_hz
        moment = world.moment(seconds)
        pose = world_from_camera(world.mounting, moment.body)
        radiance, depth = render(world.view(moment), camera, pose)
        yield RadianceFrame(radiance, depth, camera, pose, round(seconds * 1e9), world.mounting)


@lru_cache(maxsize=2)
def _exposure(settings: ClipSettings) -> tuple[Sensor, float]:
    """Return the sensor of a clip and its gain, set on the first frame."""
    sensor = draw_sensor(settings.generator(Stream.SENSOR), settings.time)
    start = next(render_clip(settings, 0, 1))
    return sensor, exposure_gain(start.radiance, sensor)


def _scan(world: World, lidar: LidarSettings, number: int) -> Scan:
    """Return the turn that belongs to a frame."""
    seconds = number / world.settings.rate_hz + lidar.offset_s
    moment = world.moment(seconds)
    generator = world.settings.generator(Stream.LIDAR, number)
    mounted = body_from_lidar(lidar, world.mounting.height)
    parts = moment.parts(world.static)
    points = cast_turn(parts, moment.body @ mounted, lidar, generator)
    return Scan(points, round(seconds * 1e9), moment.body, mounted)
