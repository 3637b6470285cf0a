"""
The scale from a LiDAR: its turns before and after an image, as they fall into the picture.

The vehicle moves between a turn and an image, which makes all depths of the turn too far or too
near by the way driven. Of the turn before and the turn after, the middle that the time of the
image says is right; so a frame is measured when the turn after it has come.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.errors import FrameError
from steps_ros.eval.occlusion import hidden
from steps_ros.eval.projection import project
from steps_ros.inference.scale.points import points_scale
from steps_ros.inference.scale.robust import Measured, Measurement, Refusal, UNSTAMPED
from steps_ros.inference.scale.seen import Seen

# A turn farther from the image in time is of another place; one alone must be nearer.
FARTHEST_NS, ALONE_NS = 120_000_000, 15_000_000
# Measuring more often costs time and tells nothing new.
PERIOD_NS = 180_000_000
MOST_POINTS = 30_000


class Turn(NamedTuple):
    """Points (N, 3) in camera axes, and the time of those before the camera."""

    stamp_ns: int
    points: NDArray[np.float32]


# The turns near a stamp (ns), in the frame of a camera, in the order of their stamps.
Turns = Callable[[int, str], list[Turn]]


def middle_offset_ns(points: NDArray[np.float32], offsets_ns: NDArray[np.int64]) -> int:
    """
    Return when the points before a camera were measured, in the mean; 0 where there are none.

    :param points: (N, 3) in camera axes.
    :param offsets_ns: (N,), times of the points after the stamp.
    """
    ahead = points[:, 2] > np.abs(points[:, 0])
    return round(float(offsets_ns[ahead].mean())) if ahead.any() else 0


class LidarScale:
    """Measures the scale in the frame before the one it is called with."""

    def __init__(self, turns: Turns) -> None:
        """Start without a frame."""
        self._turns = turns
        self._waiting: Seen | None = None
        self._measured_ns = 0

    def __call__(self, frame: Seen) -> Measured | None:
        """Return what the frame before shows, None where it is not to be measured."""
        waiting, self._waiting = self._waiting, frame
        if waiting is not None and waiting.stamp_ns == frame.stamp_ns == 0:
            return Refusal(UNSTAMPED)
        if waiting is None or 0 <= waiting.stamp_ns - self._measured_ns < PERIOD_NS:
            return None
        self._measured_ns = waiting.stamp_ns
        try:
            turns = self._turns(waiting.stamp_ns, waiting.frame_id)
        except FrameError as error:
            return Refusal(str(error))
        return lidar_scale(waiting, turns)


def lidar_scale(frame: Seen, turns: list[Turn]) -> Measured:
    """
    Measure the scale in one frame.

    :param turns: near it in time, in the order of their stamps.
    :raises FrameError: a lens that is not known.
    """
    before = [turn for turn in turns if 0 <= frame.stamp_ns - turn.stamp_ns <= FARTHEST_NS]
    after = [turn for turn in turns if 0 < turn.stamp_ns - frame.stamp_ns <= FARTHEST_NS]
    if before and after:
        return _between(frame, before[-1], after[0])
    near = [turn for turn in turns if abs(turn.stamp_ns - frame.stamp_ns) <= ALONE_NS]
    if near:
        return _against(frame, near[0])
    return Refusal('no LiDAR turns before and after the image')


def _between(frame: Seen, before: Turn, after: Turn) -> Measured:
    first = _against(frame, before)
    if frame.stamp_ns == before.stamp_ns or isinstance(first, Refusal):
        return first
    second = _against(frame, after)
    if isinstance(second, Refusal):
        return second
    share = (frame.stamp_ns - before.stamp_ns) / (after.stamp_ns - before.stamp_ns)
    value = math.exp((1 - share) * math.log(first.value) + share * math.log(second.value))
    return Measurement(
        value, max(first.spread, second.spread), min(first.evidence, second.evidence)
    )


def _against(frame: Seen, turn: Turn) -> Measured:
    thinned = turn.points[:: max(1, len(turn.points) // MOST_POINTS)]
    places = project(thinned, frame.camera)
    seen = ~hidden(places.columns, places.rows, places.depth, frame.camera)
    return points_scale(places.columns[seen], places.rows[seen], places.depth[seen], frame.depth)
