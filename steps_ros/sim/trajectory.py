"""
The camera on the ego vehicle and its way down the road.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.sim.lamps import join_lamps, lamp, Lamps
from steps_ros.sim.lens import draw_distortion
from steps_ros.sim.mesh import Colour
from steps_ros.sim.road import Doubles, Road
from steps_ros.sim.settings import ClipSettings, Stream

# Columns: the optical axes (right, down, forward) in body axes (forward, left, up).
BODY_FROM_OPTICAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])


@dataclass(frozen=True)
class Mounting:
    """
    How the camera sits on the vehicle.

    ``height`` above the road and ``left`` of the lane's middle in metres; ``pitch`` (positive
    looks down), ``roll`` and ``yaw`` in radians; ``headlamp_candela`` of each ego lamp, linear
    RGB.
    """

    camera: Camera
    height: float
    left: float
    pitch: float
    roll: float
    yaw: float
    headlamp_candela: Colour


def draw_mounting(settings: ClipSettings) -> Mounting:
    """
    Draw a camera: 44 to 110 degrees wide, mostly 50 to 80, 1.2 to 2.2 m high, never quite level.

    The angle is that of K; a lens that bends sees a little more or less.
    """
    generator = settings.generator(Stream.CAMERA)
    width, height = settings.width, settings.height
    view = math.radians(44.0 + 66.0 * generator.beta(1.3, 2.7))
    focal = width / 2 / math.tan(view / 2)
    centre = 0.5 + generator.uniform(-1, 1, 2) * (0.02, 0.09)
    # The horizon stays in the middle half of the picture whatever the lens.
    most = math.atan(0.3 * height / focal)
    pitch = float(np.clip(generator.normal(0.005, 0.045), -most, most))
    camera = Camera(width, height, focal, focal, (width - 1) * centre[0], (height - 1) * centre[1])
    if settings.has_distortion:
        bends = draw_distortion(camera, settings.generator(Stream.CAMERA, 1))
        camera = replace(camera, distortion=bends)
    return Mounting(
        camera=camera,
        height=generator.uniform(1.2, 2.2),
        left=generator.uniform(-0.6, 0.6),
        pitch=pitch,
        roll=generator.normal(0.0, 0.012),
        yaw=generator.normal(0.0, 0.03),
        headlamp_candela=_headlamps(generator),
    )


def _headlamps(generator: np.random.Generator) -> Colour:
    """Draw the own headlamps: halogen or diodes, bright or dirty, seldom none."""
    level = math.exp(generator.uniform(math.log(1.2e3), math.log(1.2e4)))
    level *= generator.random() < 0.93
    tint = (1.0, 0.74, 0.42) if generator.random() < 0.6 else (0.97, 1.0, 0.98)
    return level * tint[0], level * tint[1], level * tint[2]


def mounting_row(mounting: Mounting) -> tuple[float, float, float]:
    """Return what training keeps of a camera's mounting: height, pitch, roll."""
    return mounting.height, mounting.pitch, mounting.roll


def body_from_camera(mounting: Mounting) -> Doubles:
    """Return where the camera sits on the vehicle (4x4); its axes are right, down, forward."""
    offset = np.eye(4)
    offset[:3, :3] = _turn(mounting) @ BODY_FROM_OPTICAL
    offset[2, 3] = mounting.height
    return offset


def world_from_camera(mounting: Mounting, body: Doubles) -> Doubles:
    """Return the camera's pose (4x4) for the vehicle's pose ``body``, world_from_body."""
    return np.asarray(body @ body_from_camera(mounting))


def ego_lamps(mounting: Mounting, body: Doubles) -> Lamps:
    """Return the ego vehicle's two headlamps, 1.6 m before the camera."""
    if max(mounting.headlamp_candela) == 0:
        return join_lamps([])
    places = body @ np.array([[1.6, 0.65, 0.68, 1.0], [1.6, -0.65, 0.68, 1.0]]).T
    nose = body[:3, 0]
    return join_lamps(
        [
            lamp(
                (place[0], place[1], place[2]),
                mounting.headlamp_candela,
                (nose[0], nose[1], nose[2]),
                beam=True,
                reach=110.0,
            )
            for place in places.T
        ]
    )


def ego_body(road: Road, mounting: Mounting, along: float, lane_left: float) -> Doubles:
    """Return world_from_body of the ego vehicle at a place of its lane."""
    return road.pose(along, lane_left + mounting.left)


def _turn(mounting: Mounting) -> Doubles:
    """Return the rotation of a body-axes frame by yaw, then pitch, then roll."""
    (cy, sy), (cp, sp), (cr, sr) = (
        (math.cos(angle), math.sin(angle))
        for angle in (mounting.yaw, mounting.pitch, mounting.roll)
    )
    yaw = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    pitch = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    roll = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return np.asarray(yaw @ pitch @ roll)
