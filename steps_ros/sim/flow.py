"""
Optical flow from one frame to the next, exact from geometry.

A pixel is followed with what it shows: standing things stay, a vehicle moves as a whole, the sky
is infinitely far away and only turns. Whether something hides the place in the next frame, or it
leaves the picture, does not matter here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.sim.instances import PERSON
from steps_ros.sim.lens import exact_rays, project
from steps_ros.sim.mesh import Floats
from steps_ros.sim.road import Doubles
from steps_ros.sim.traffic import Placed

# What comes nearer to the lens than this, in metres, is nowhere in the next picture.
_NEAREST = 0.05


class Station(NamedTuple):
    """The camera's place, world_from_camera 4x4, and the moving vehicles' at one time."""

    camera: Doubles
    placed: tuple[Placed, ...]


def optical_flow(
    depth: Floats, instance: NDArray[np.uint16], camera: Camera, now: Station, after: Station
) -> Floats:
    """
    Return where each pixel goes, (H, W, 2) float32: columns and rows to the right and down.

    :param depth: (H, W) metres along the optical axis, +inf for sky.
    :param instance: (H, W) what the pixels show.
    :returns: NaN for vehicles that are not there any more, or have jumped to the other end of
        their window, and for what passes the camera.
    """
    rays = exact_rays(camera)
    after_from_now = np.linalg.inv(after.camera) @ now.camera
    is_sky = ~np.isfinite(depth).reshape(-1)
    distance = np.where(is_sky, 1.0, depth.reshape(-1)).astype(np.float64)
    points = rays * distance
    moved = after_from_now[:3, :3] @ points
    moved += np.where(is_sky, 0.0, 1.0) * after_from_now[:3, 3:]
    _move_vehicles(points, instance.reshape(-1), now, after, moved)
    rows, columns = np.indices(depth.shape).reshape(2, -1)
    right, down = project(camera, moved)
    flow = np.stack([right - columns, down - rows], -1).astype(np.float32)
    flow[~(moved[2] > _NEAREST)] = np.nan
    return flow.reshape(*depth.shape, 2)


def no_flow(depth: Floats) -> Floats:
    """Return the flow of a last frame, which has no next one: NaN everywhere."""
    return np.full((*depth.shape, 2), np.nan, np.float32)


def _move_vehicles(
    points: Doubles, instance: NDArray[np.uint16], now: Station, after: Station, moved: Doubles
) -> None:
    """Put the points of what moves, (3, N) in camera axes, where they are in the next frame."""
    can_move = np.flatnonzero(instance >= PERSON.first)
    goals = {(item.number, item.lap): item.pose for item in after.placed}
    for item in now.placed:
        shown = can_move[instance[can_move] == item.instance]
        if not len(shown):
            continue
        goal = goals.get((item.number, item.lap))
        if goal is None:
            moved[:, shown] = np.nan
            continue
        matrix = np.linalg.inv(after.camera) @ goal @ np.linalg.inv(item.pose) @ now.camera
        moved[:, shown] = matrix[:3, :3] @ points[:, shown] + matrix[:3, 3:]
