"""
A vehicle on a side road, and where it is at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steps_ros.sim.fittings import Lighting
from steps_ros.sim.mesh import Mesh, Point
from steps_ros.sim.road import Doubles, Road

# Cross traffic comes into being and vanishes this far from the road, behind the first houses.
ARM_SEEN = 130.0


@dataclass(frozen=True)
class Crosser:
    """
    A vehicle on a side road.

    ``along`` is its lane's place along the road; ``heading`` 1 drives to the left, -1 to the
    right; it is over the road's centre line ``at_s`` seconds after the first frame, or stands
    ``waits_left`` metres left of it.
    """

    mesh: Mesh
    lighting: Lighting
    headlamps: tuple[Point, ...]
    along: float
    heading: int
    speed: float
    at_s: float
    waits_left: float | None

    def left(self, seconds: float) -> float:
        """Return how far left of the centre line it is."""
        if self.waits_left is not None:
            return self.waits_left
        return self.heading * self.speed * (seconds - self.at_s)

    def pose(self, road: Road, left: float) -> Doubles:
        """Return world_from_body when it is ``left`` metres left of the centre line."""
        around = np.array([[0, 0, 0], [0, self.heading, 0], [1, 0, 0], [-1, 0, 0]], np.float32)
        places = road.to_world(np.array([self.along, left, 0], np.float32) + around)
        middle, ahead, up_road, down_road = places.astype(np.float64)
        nose = (ahead - middle) / np.linalg.norm(ahead - middle)
        beside = self.heading * (down_road - up_road)
        beside -= (beside @ nose) * nose
        beside /= np.linalg.norm(beside)
        matrix = np.eye(4)
        matrix[:3, :3] = np.stack([nose, beside, np.cross(nose, beside)], 1)
        matrix[:3, 3] = middle
        return matrix
