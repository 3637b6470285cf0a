"""
The road's course and its cross-section.

Road coordinates are (along, left, up) in metres: along the centre line between the two
directions of traffic, left of it, above it. World axes are x forward, y left, z up. Traffic
keeps to the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
import math

import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.mesh import Floats

Doubles = NDArray[np.float64]
KERB_HEIGHT = 0.13
_BEHIND, _AHEAD, _STEP = -120.0, 900.0, 1.0


@dataclass(frozen=True)
class Road:
    """
    A road that swings left and right and up and down.

    Heading is ``swing`` * sin(2 pi along / ``swing_period`` + ``swing_phase``) in radians,
    elevation the same with ``rise`` in metres. ``lanes_right`` is the ego direction. The other
    one's lanes begin left of the ``median``, which is no wider than 0 on most roads.
    """

    swing: float = 0.0
    swing_period: float = 300.0
    swing_phase: float = 0.0
    rise: float = 0.0
    rise_period: float = 200.0
    rise_phase: float = 0.0
    lane_width: float = 3.4
    lanes_right: int = 1
    lanes_left: int = 1
    parking_right: float = 0.0
    parking_left: float = 0.0
    pavement_right: float = 2.5
    pavement_left: float = 2.5
    setback_right: float = 1.0
    setback_left: float = 1.0
    median: float = 0.0
    kerb_height: float = KERB_HEIGHT

    @property
    def edge_right(self) -> float:
        """Left coordinate of the right kerb (negative)."""
        return -(self.lanes_right * self.lane_width + self.parking_right)

    @property
    def edge_left(self) -> float:
        """Left coordinate of the left kerb (positive)."""
        return self.median + self.lanes_left * self.lane_width + self.parking_left

    def lane_middle(self, lane: int) -> float:
        """Return the left coordinate of a lane's middle; -1 is the first of the ego direction."""
        return (lane + 0.5) * self.lane_width + (self.median if lane >= 0 else 0.0)

    def pavement(self, side: int) -> float:
        """Return the width of the pavement on the right (-1) or left (1)."""
        return self.pavement_left if side > 0 else self.pavement_right

    def setback(self, side: int) -> float:
        """Return how far buildings stand back from the pavement on one side."""
        return self.setback_left if side > 0 else self.setback_right

    def kerb(self, side: int) -> float:
        """Return how far one side's kerb is from the centre line, positive."""
        return self.edge_left if side > 0 else -self.edge_right

    def outer_edge(self, side: int) -> float:
        """Return how far one pavement's outer edge is from the centre line, positive."""
        return self.kerb(side) + self.pavement(side)

    def curvature(self, along: Doubles) -> Doubles:
        """Return the change of heading per metre."""
        turn = 2 * math.pi / self.swing_period
        return self.swing * turn * np.cos(turn * along + self.swing_phase)

    def heading(self, along: Doubles) -> Doubles:
        """Return the direction of the road in radians, counter-clockwise from x."""
        return self.swing * np.sin(2 * math.pi * along / self.swing_period + self.swing_phase)

    def elevation(self, along: Doubles) -> Doubles:
        """Return the height of the centre line in metres."""
        return self.rise * np.sin(2 * math.pi * along / self.rise_period + self.rise_phase)

    def centre_line(self, along: Doubles) -> tuple[Doubles, Doubles]:
        """Return world x and y of the centre line, integrated in steps of a metre."""
        farthest = max(_AHEAD, float(np.max(along, initial=0.0)))
        grid, x, y = _centre_line(self, math.ceil(farthest / _AHEAD) * _AHEAD)
        return np.interp(along, grid, x), np.interp(along, grid, y)

    def to_world(self, points: Floats) -> Floats:
        """Map (..., 3) road coordinates to world coordinates."""
        along = points[..., 0].astype(np.float64)
        x, y = self.centre_line(along)
        heading = self.heading(along)
        left = points[..., 1]
        up = points[..., 2] + self.elevation(along)
        world = np.stack([x - left * np.sin(heading), y + left * np.cos(heading), up], -1)
        return world.astype(np.float32)

    def pose(self, along: float, left: float, yaw: float = 0.0) -> Doubles:
        """Return world_from_body (4x4) of a body standing on the road, x along its nose."""
        # Called for all that moves; plain numbers are ten times as fast as short arrays.
        back, front = self._place(along - 1.0, left), self._place(along + 1.0, left)
        x, y, z = front[0] - back[0], front[1] - back[1], front[2] - back[2]
        level, length = math.hypot(x, y), math.hypot(x, y, z)
        (fx, fy, fz), (sx, sy) = (x / length, y / length, z / length), (-y / level, x / level)
        cosine, sine = math.cos(yaw), math.sin(yaw)
        return np.array([
            [cosine * fx + sine * sx, cosine * sx - sine * fx, -fz * sy, (back[0] + front[0]) / 2],
            [cosine * fy + sine * sy, cosine * sy - sine * fy, fz * sx, (back[1] + front[1]) / 2],
            [cosine * fz, -sine * fz, fx * sy - fy * sx, (back[2] + front[2]) / 2],
            [0.0, 0.0, 0.0, 1.0],
        ])  # fmt: skip

    def _place(self, along: float, left: float) -> tuple[float, float, float]:
        """Return the world coordinates of a place on the road."""
        reach = math.ceil(max(_AHEAD, along) / _AHEAD) * _AHEAD
        _, x, y = _centre_line(self, reach)
        step = min(max((along - _BEHIND) / _STEP, 0.0), len(x) - 1.0)
        before = min(int(step), len(x) - 2)
        share = step - before
        turn = self.swing * math.sin(2 * math.pi * along / self.swing_period + self.swing_phase)
        climb = self.rise * math.sin(2 * math.pi * along / self.rise_period + self.rise_phase)
        return (
            float(x[before] + share * (x[before + 1] - x[before])) - left * math.sin(turn),
            float(y[before] + share * (y[before + 1] - y[before])) + left * math.cos(turn),
            climb,
        )


@lru_cache(maxsize=8)
def _centre_line(road: Road, ahead: float) -> tuple[Doubles, Doubles, Doubles]:
    """Return places along the centre line as far as ``ahead``, and world x and y there."""
    grid = np.arange(_BEHIND, ahead + _STEP, _STEP)
    middle = road.heading(grid[:-1] + _STEP / 2)
    x = np.concatenate([[0.0], np.cumsum(np.cos(middle) * _STEP)]) + _BEHIND
    y = np.concatenate([[0.0], np.cumsum(np.sin(middle) * _STEP)])
    return grid, x, y


def draw_road(generator: np.random.Generator) -> Road:
    """Draw a road: straight or winding, flat or hilly, one to three lanes each way."""
    winding = generator.random() < 0.6
    hilly = generator.random() < 0.4
    wide = generator.random() < 0.35
    lanes = int(generator.integers(2, 4)) if wide else 1
    one_way = generator.random() < 0.15
    parking = generator.random(2) < (0.25 if wide else 0.65)
    narrow = generator.random() < 0.6
    setback = generator.uniform(0.0, 2.0, 2) if narrow else generator.uniform(2.0, 16.0, 2)
    return Road(
        swing=generator.uniform(-0.3, 0.3) * winding,
        swing_period=generator.uniform(180.0, 500.0),
        swing_phase=generator.uniform(0.0, 6.283),
        rise=generator.uniform(0.3, 2.5) * hilly,
        rise_period=generator.uniform(150.0, 400.0),
        rise_phase=generator.uniform(0.0, 6.283),
        lane_width=generator.uniform(2.8, 3.7),
        lanes_right=lanes,
        lanes_left=0 if one_way else lanes,
        parking_right=2.3 * float(parking[0]),
        parking_left=2.3 * float(parking[1]),
        pavement_right=generator.uniform(1.2, 4.5),
        pavement_left=generator.uniform(1.2, 4.5),
        setback_right=float(setback[0]),
        setback_left=float(setback[1]),
    )
