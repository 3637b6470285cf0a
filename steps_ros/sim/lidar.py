"""
A spinning LiDAR on the roof, by ray casting.

One turn is cast from one place at one time; the shutter of a real turn does not roll here.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.messages import LIDAR_POINT
from steps_ros.errors import SettingsError
from steps_ros.sim.mesh import Floats
from steps_ros.sim.render import Part
from steps_ros.sim.road import Doubles

# Lowest and highest ring in degrees, as the usual devices with that many rings have them.
RING_SPAN = {32: (-30.67, 10.67), 64: (-24.9, 2.0)}


@dataclass(frozen=True)
class LidarSettings:
    """
    A device and where it sits.

    :param rings: 32 or 64.
    :param columns: directions in one turn.
    :param noise_m: standard deviation of the range in metres.
    :param max_range_m: nothing comes back from beyond.
    :param dropout: share of the rays that are lost.
    :param offset_s: time of the turn after the camera's picture, may be negative.
    :param behind_m: how far behind the camera it sits, along the vehicle.
    :param above_m: how far above the camera it sits.
    :raises SettingsError: when a value is out of range.
    """

    rings: int = 32
    columns: int = 1024
    noise_m: float = 0.02
    max_range_m: float = 100.0
    dropout: float = 0.02
    offset_s: float = 0.0
    behind_m: float = 0.8
    above_m: float = 0.4

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.rings not in RING_SPAN:
            raise SettingsError(f'{self.rings} rings; use 32 or 64')
        if not 1 <= self.columns <= 8192:
            raise SettingsError(f'{self.columns} columns a turn; use 1 to 8192')
        if not (0 <= self.noise_m <= 10 and self.max_range_m > 0):
            raise SettingsError(
                f'range noise {self.noise_m} m, range {self.max_range_m} m; noise is 0 to 10 m, '
                f'the range positive'
            )
        if not 0 <= self.dropout < 1:
            raise SettingsError(f'dropout {self.dropout}; it must be at least 0 and below 1')
        if not math.isfinite(self.offset_s + self.behind_m + self.above_m):
            raise SettingsError('offset and place of the LiDAR must be finite numbers')


class Scan(NamedTuple):
    """
    One turn.

    ``points`` (N,) of :data:`~steps_ros.data.messages.LIDAR_POINT` in axes forward, left, up of
    the device, ring 0 the lowest, intensity 0 to 255; ``body`` world_from_body at its
    time.
    """

    points: NDArray[np.void]
    stamp_ns: int
    body: Doubles
    body_from_lidar: Doubles


def body_from_lidar(settings: LidarSettings, camera_height: float) -> Doubles:
    """Return where the device sits on the vehicle (4x4), its axes along the vehicle's."""
    matrix = np.eye(4)
    matrix[:3, 3] = (-settings.behind_m, 0.0, camera_height + settings.above_m)
    return matrix


def cast_turn(
    parts: tuple[Part, ...],
    world_from_lidar: Doubles,
    settings: LidarSettings,
    generator: np.random.Generator,
) -> NDArray[np.void]:
    """
    Return the points of one turn, (N,) of ``LIDAR_POINT``, ring by ring from below.

    The noise of a ray does not depend on what other rays meet.
    """
    local = ray_directions(settings)
    noise = generator.standard_normal(len(local), np.float32) * np.float32(settings.noise_m)
    is_kept = generator.random(len(local), np.float32) >= settings.dropout
    directions = local @ world_from_lidar[:3, :3].T.astype(np.float32)
    origins = np.broadcast_to(world_from_lidar[:3, 3].astype(np.float32), directions.shape)
    distance = np.full(len(local), np.inf, np.float32)
    intensity = np.zeros(len(local), np.float32)
    for part in parts:
        hits = part.rays.first_hits(origins, directions)
        nearer = np.flatnonzero(hits.distance < distance)
        distance[nearer] = hits.distance[nearer]
        away = directions[nearer]
        cosine = np.abs((hits.normals(nearer, away) * away).sum(1))
        intensity[nearer] = 255 * part.albedo[hits.face[nearer]] * cosine
    index = np.flatnonzero(is_kept & (distance <= settings.max_range_m))
    points = np.zeros(len(index), LIDAR_POINT)
    measured = np.maximum(distance[index] + noise[index], 0)[:, None] * local[index]
    points['x'], points['y'], points['z'] = measured.T
    points['intensity'] = np.clip(intensity[index], 0, 255)
    points['ring'] = index // settings.columns
    return points


def ray_directions(settings: LidarSettings) -> Floats:
    """Return (rings * columns, 3) unit rays, ring by ring, clockwise from straight behind."""
    low, high = RING_SPAN[settings.rings]
    up = np.radians(np.linspace(low, high, settings.rings))[:, None]
    turn = math.pi - 2 * math.pi * (np.arange(settings.columns) + 0.5) / settings.columns
    rays = np.stack(
        np.broadcast_arrays(np.cos(up) * np.cos(turn), np.cos(up) * np.sin(turn), np.sin(up)), -1
    )
    return rays.reshape(-1, 3).astype(np.float32)
