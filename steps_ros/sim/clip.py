"""
A drive through a simulated street, frame by frame, with all that is true of each picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.sim.exposure import exposure_gain, followed, METERED_ROWS
from steps_ros.sim.flow import no_flow, optical_flow, Station
from steps_ros.sim.instances import EGO
from steps_ros.sim.lidar import body_from_lidar, cast_turn, LidarSettings, Scan
from steps_ros.sim.mesh import Floats
from steps_ros.sim.render import render, Rendering
from steps_ros.sim.road import Doubles
from steps_ros.sim.sensor import develop, draw_sensor, Negative, negative, Sensor
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.traffic import Placed
from steps_ros.sim.trajectory import Mounting, world_from_camera
from steps_ros.sim.world import make_world, Moment, World

# As long as a shutter is open.
_INSTANT_S = 0.01


@dataclass(frozen=True)
class NegativeFrame:
    """
    What reaches the lens, before any sensor.

    ``world_from_camera`` 4x4 with camera axes right, down, forward; ``mounting`` how the camera
    sits above the road.
    """

    negative: Negative
    camera: Camera
    world_from_camera: Doubles
    stamp_ns: int
    mounting: Mounting


@dataclass(frozen=True)
class SimulatedFrame:
    """
    A picture and all that is true of it.

    ``image`` (H, W, 3) uint8 RGB; ``depth`` (H, W) float32 metres along the optical axis, +inf
    for sky; ``flow`` (H, W, 2) float32 pixels to the next frame of the street as in
    :mod:`~steps_ros.sim.flow`, all NaN in its last frame; ``instance`` (H, W) uint16 as in
    :mod:`~steps_ros.sim.instances`; ``illuminance`` (H, W) float32 lux that falls on the surface
    from lamps, sun and sky, before its colour, 0 for sky; ``world_from_camera`` 4x4, camera axes
    right, down, forward; ``scan`` the LiDAR's turn that belongs to the picture, None without one.
    """

    image: NDArray[np.uint8]
    depth: Floats
    flow: Floats
    instance: NDArray[np.uint16]
    illuminance: Floats
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

    The exposure follows the drive slowly. A frame is the same whatever part of the drive is asked
    for.
    """
    world = make_world(settings)
    sensor = _sensor(world)
    metered = partial(_metered, settings)
    camera = world.mounting.camera
    after: Station | None = None
    for number in range(settings.frames)[first:last]:
        seconds = number / settings.rate_hz
        now = after or _station(world, seconds)
        moment = world.moment(seconds, now.placed[:-1])
        seen = render(world.view(moment), camera, now.camera)
        after = _station(world, (number + 1) / settings.rate_hz)
        is_last = number + 1 == settings.frames
        noise = settings.generator(Stream.SENSOR, number)
        gain = followed(metered, sensor.memory_s, seconds)
        yield SimulatedFrame(
            develop(_negative(world, seen, now, seconds), gain, sensor, noise),
            seen.depth,
            no_flow(seen.depth)
            if is_last
            else optical_flow(seen.depth, seen.instance, camera, now, after),
            seen.instance,
            seen.illuminance,
            camera,
            now.camera,
            round(seconds * 1e9),
            world.mounting,
            None if lidar is None else _scan(world, lidar, moment, number),
        )


def render_clip(
    settings: ClipSettings, first: int = 0, last: int | None = None
) -> Iterator[NegativeFrame]:
    """Drive through one street and yield what reaches the lens, frame by frame."""
    world = make_world(settings)
    camera = world.mounting.camera
    for number in range(settings.frames)[first:last]:
        seconds = number / settings.rate_hz
        now = _station(world, seconds)
        seen = render(world.view(world.moment(seconds, now.placed[:-1])), camera, now.camera)
        scene = _negative(world, seen, now, seconds)
        yield NegativeFrame(scene, camera, now.camera, round(seconds * 1e9), world.mounting)


def _negative(world: World, seen: Rendering, now: Station, seconds: float) -> Negative:
    """Keep what a picture needs; motion is that of the next hundredth of a second."""
    soon = _station(world, seconds + _INSTANT_S)
    motion = optical_flow(seen.depth, seen.instance, world.mounting.camera, now, soon)
    return negative(seen.radiance, motion / _INSTANT_S, seen.depth, world.look.wetness)


def _sensor(world: World) -> Sensor:
    settings = world.settings
    return draw_sensor(settings.generator(Stream.SENSOR), settings.time, world.look.wetness)


# As many as one frame needs, for a few streets.
@lru_cache(maxsize=16)
def _metered(settings: ClipSettings, second: int) -> float:
    """Return the gain that the camera finds right at a whole second of the drive."""
    world = make_world(settings)
    moment = world.moment(float(second))
    camera = world.mounting.camera
    share = min(1.0, METERED_ROWS / camera.height)
    small = camera.resized(round(share * camera.width), round(share * camera.height))
    view = replace(world.view(moment), has_points=False)
    seen = render(view, small, world_from_camera(world.mounting, moment.body))
    return exposure_gain(seen.radiance, _sensor(world))


def _station(world: World, seconds: float) -> Station:
    """Return where the camera is at a time, and all that moves; the own vehicle is the last."""
    body = world.body(seconds)
    own = Placed(-1, 0, 0.0, body, EGO)
    return Station(world_from_camera(world.mounting, body), (*world.placed(seconds), own))


def _scan(world: World, lidar: LidarSettings, moment: Moment, number: int) -> Scan:
    """Return the turn that belongs to a frame, with all where it is at the time of the turn."""
    if lidar.offset_s:
        moment = world.moment(moment.seconds + lidar.offset_s)
    generator = world.settings.generator(Stream.LIDAR, number)
    mounted = body_from_lidar(lidar, world.mounting.height)
    parts = moment.parts(world.static)
    points = cast_turn(parts, moment.body @ mounted, lidar, generator)
    return Scan(points, round(moment.seconds * 1e9), moment.body, mounted)
