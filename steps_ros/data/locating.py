"""
Where the vehicle was at each picture of a bag, and how fast, as odometry tells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from steps_ros.data.pairing import Pair
from steps_ros.data.poses import Doubles, LEAP_NS, PoseTrack
from steps_ros.data.transforms import Stamped

# Speed is the way of this time, in which the noise of positions is small.
SPEED_NS = 500_000_000
# Pictures wait for odometry that comes after them.
LATENESS_NS, MOST_WAITING = 200_000_000, 16


class Located(NamedTuple):
    """A picture, with ``position`` (3,) metres and speed, None where odometry does not tell."""

    pair: Pair
    position: Doubles | None
    speed_mps: float | None


class Locating:
    """
    Pictures that wait for odometry, and the poses of the last seconds.

    Where the clock leaps back, as when a simulation begins anew, the poses before that say nothing
    of the pictures after it.
    """

    def __init__(self, has_odometry: bool) -> None:
        """Start empty; without odometry nothing waits."""
        self._has_odometry = has_odometry
        self._waiting: deque[Pair] = deque()
        self._track = PoseTrack()
        self._picture_ns = 0

    def add_pose(self, stamped: Stamped) -> Iterator[Located]:
        """Take the next pose; yield the pictures that a leap of its clock leaves behind."""
        if self._track.is_leap(stamped.stamp_ns):
            yield from self.rest()
        self._track.add(stamped.stamp_ns, stamped.transform.parent_from_child)

    def add(self, pair: Pair) -> Iterator[Located]:
        """Take the next picture; yield those that a leap of its clock leaves behind."""
        stamp_ns = pair.picture.stamp_ns
        if stamp_ns < self._picture_ns - LEAP_NS:
            yield from self.rest()
            if self._track.is_leap(stamp_ns):
                self._track = PoseTrack()
        self._picture_ns = stamp_ns
        self._waiting.append(pair)

    def told(self, now_ns: int) -> Iterator[Located]:
        """Yield those whose odometry is there, or will not be within reason; now is a receipt."""
        while self._waiting and self._is_told(self._waiting[0], now_ns):
            yield self._located(self._waiting.popleft())

    def rest(self) -> Iterator[Located]:
        """Yield all that wait."""
        while self._waiting:
            yield self._located(self._waiting.popleft())

    def _is_told(self, pair: Pair, now_ns: int) -> bool:
        if not self._has_odometry or len(self._waiting) > MOST_WAITING:
            return True
        waited_ns = now_ns - pair.picture.receive_ns
        return self._track.newest_ns >= pair.picture.stamp_ns or waited_ns > LATENESS_NS

    def _located(self, pair: Pair) -> Located:
        stamp_ns = pair.picture.stamp_ns
        now, before = self._track.at(stamp_ns), self._track.at(stamp_ns - SPEED_NS)
        if now is None:
            return Located(pair, None, None)
        if before is None:
            return Located(pair, now[:3, 3], None)
        way = float(np.linalg.norm(now[:3, 3] - before[:3, 3]))
        return Located(pair, now[:3, 3], way * 1e9 / SPEED_NS)
