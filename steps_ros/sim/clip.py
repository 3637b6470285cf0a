"""
A drive through a simulated street, frame by frame, with exact depth and pose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.sim.lamps import join_lamps
from steps_ros.sim.mesh import Floats
from steps_ros.sim.raycast import RayScene
from steps_ros.sim.render import Part, render, View
from steps_ros.sim.road import Doubles
from steps_ros.sim.sensor import develop, draw_sensor, exposure_gain
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.sky import draw_sky
from steps_ros.sim.street import draw_street
from steps_ros.sim.texture import draw_look
from steps_ros.sim.trajectory import (
    draw_mounting,
    ego_body,
    ego_lamps,
    Mounting,
    world_from_camera,
)


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
    """As :class:`RadianceFrame`, with the picture, (H, W, 3) uint8 RGB, in place of radiance."""

    image: NDArray[np.uint8]
    depth: Floats
    camera: Camera
    world_from_camera: Doubles
    stamp_ns: int
    mounting: Mounting


def simulate_clip(
    settings: ClipSettings, first: int = 0, last: int | None = None
) -> Iterator[SimulatedFrame]:
    """
    Drive through one street and take a picture at every frame from ``first`` to before ``last``.

    The exposure is set on frame 0 and kept, as a camera on a steady drive would. A frame is the
    same whatever part of the drive is asked for.
    """
    sensor = draw_sensor(settings.generator(Stream.SENSOR), settings.time)
    start = next(render_clip(settings, 0, 1))
    gain = exposure_gain(start.radiance, sensor)
    numbers = range(settings.frames)[first:last]
    for number, frame in zip(numbers, render_clip(settings, first, last), strict=True):
        yield SimulatedFrame(
            develop(frame.radiance, gain, sensor, settings.generator(Stream.SENSOR, number)),
            frame.depth,
            frame.camera,
            frame.world_from_camera,
            frame.stamp_ns,
            frame.mounting,
        )


def render_clip(
    settings: ClipSettings, first: int = 0, last: int | None = None
) -> Iterator[RadianceFrame]:
    """Drive through one street and yield what reaches the lens, frame by frame."""
    street = draw_street(settings)
    mounting = draw_mounting(settings)
    generator = settings.generator(Stream.LIGHT)
    look = draw_look(generator)
    sky = draw_sky(generator, settings.time)
    body = ego_body(street.road, mounting, 0.0, street.traffic.ego_left)
    static = Part(street.static, RayScene(street.static, body[:3, 3]))
    for number in range(settings.frames)[first:last]:
        seconds = number / settings.rate_hz
        along = street.traffic.ego_speed * seconds
        body = ego_body(street.road, mounting, along, street.traffic.ego_left)
        moving, headlamps = street.traffic.placed(street.road, along, seconds)
        parts = [static, *([Part(moving, RayScene(moving, body[:3, 3]))] if moving else [])]
        lamps = join_lamps([])
        if settings.time == 'night':
            lamps = join_lamps([street.lamps, headlamps, ego_lamps(mounting, body)])
        pose = world_from_camera(mounting, body)
        view = View(tuple(parts), lamps, sky, look, street.road)
        radiance, depth = render(view, mounting.camera, pose)
        yield RadianceFrame(radiance, depth, mounting.camera, pose, round(seconds * 1e9), mounting)
