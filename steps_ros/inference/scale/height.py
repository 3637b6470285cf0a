"""
The scale from the height of the camera, held where the road ahead bends.

At the foot of a ramp and on its crest the plane ahead is not the one that the vehicle stands on,
and the camera's height above it is another. How the road lies to the camera tells: a camera is
fixed, so that its tilt against the road under it hardly changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from steps_ros.inference.scale.ground import find_ground, Ground
from steps_ros.inference.scale.robust import KEPT_SIGMAS, Measured, Measurement, middle, Refusal
from steps_ros.inference.scale.seen import Seen

# The usual tilt is that of so long; fewer are none.
MEMORY_NS = 20_000_000_000
LEAST_TILTS = 5
# More than come in that time; stamps that stay, or begin anew in a loop, must not fill the memory.
MOST_TILTS = 1000
# A bend by which the height changes by more than this share is one.
MOST_BEND = 0.05


class HeightScale:
    """Measures the scale in every frame that it is called with."""

    def __init__(self, height_m: Callable[[], float]) -> None:
        """
        Start without a frame.

        :param height_m: returns metres of the camera above the road.
        """
        self._height_m = height_m
        self._tilts: deque[tuple[int, float]] = deque(maxlen=MOST_TILTS)

    def __call__(self, frame: Seen) -> Measured:
        """Return what the frame shows."""
        ground = find_ground(frame.depth, frame.camera)
        if isinstance(ground, Refusal):
            return ground
        if self._is_bent(frame, ground):
            return Refusal('the road ahead bends up or down')
        return Measurement(self._height_m() / ground.height, ground.spread, len(ground.rows))

    def _is_bent(self, frame: Seen, ground: Ground) -> bool:
        """Say whether the plane lies otherwise than usual by more than it wavers."""
        while self._tilts and not 0 <= frame.stamp_ns - self._tilts[0][0] <= MEMORY_NS:
            self._tilts.popleft()
        tilt = float(ground.normal[2] / ground.normal[1])
        self._tilts.append((frame.stamp_ns, tilt))
        if len(self._tilts) < LEAST_TILTS:
            return False
        usual = middle(np.array([known for _, known in self._tilts]))
        nearest = float(frame.depth[ground.rows, ground.columns].min())
        bound = max(MOST_BEND * ground.height / nearest, KEPT_SIGMAS * usual.sigma)
        return abs(tilt - usual.value) > bound
