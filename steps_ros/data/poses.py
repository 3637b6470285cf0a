"""
Poses as 4x4 matrices, and poses between two stamps.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.errors import FrameError

Doubles = NDArray[np.float64]

# How much of a track is remembered: far longer than any image waits for its reference.
KEPT_NS = 10_000_000_000
# At any rate of odometry; a track of a stranger is no longer.
MOST_POSES = 5000
# Between poses farther apart than this a vehicle does anything.
WIDEST_GAP_NS = 1_000_000_000
# A track is prolonged at constant velocity by this much, one period at 10 Hz; the velocity is that
# of half this time at least, since the last two of many poses tell little but noise.
LONGEST_EXTRAPOLATION_NS = 100_000_000
EXTRAPOLATION_BASE_NS = 50_000_000
# A clock that goes back by more than this was set back; by less, messages came in disorder.
LEAP_NS = 1_000_000_000
LEAST_NORM = 1e-3


def pose_matrix(position: Any, orientation: Any) -> Doubles:
    """
    Return the 4x4 matrix of a position (x y z) and a quaternion (x y z w) of a message.

    :raises FrameError: numbers that are not finite, or a quaternion of length 0.
    """
    x, y, z, w = orientation.x, orientation.y, orientation.z, orientation.w
    return matrix_of((position.x, position.y, position.z), (w, x, y, z))


def matrix_of(
    position: tuple[float, float, float], quaternion: tuple[float, float, float, float]
) -> Doubles:
    """
    Return the 4x4 matrix of a position and a quaternion in the order w x y z.

    :raises FrameError: as :func:`pose_matrix`.
    """
    norm = float(np.linalg.norm(quaternion))
    if not (norm > LEAST_NORM and np.isfinite(norm) and np.isfinite(position).all()):
        raise FrameError(
            f'pose with position {position} and quaternion {quaternion} is none; '
            'look at what publishes it'
        )
    w, x, y, z = (number / norm for number in quaternion)
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = position
    return matrix


def interpolated(first: Doubles, second: Doubles, share: float) -> Doubles:
    """
    Return the pose at ``share`` of the way: position linear, rotation about one axis (slerp).

    :param share: 0 is ``first``, 1 is ``second``; beyond them the motion goes on.
    """
    turn, _ = cv2.Rodrigues(first[:3, :3].T @ second[:3, :3])
    pose = np.eye(4)
    pose[:3, :3] = first[:3, :3] @ cv2.Rodrigues(turn * share)[0]
    pose[:3, 3] = first[:3, 3] + share * (second[:3, 3] - first[:3, 3])
    return pose


def inverse(pose: Doubles) -> Doubles:
    """Return the inverse of a rigid 4x4 transform."""
    result = np.eye(4)
    result[:3, :3] = pose[:3, :3].T
    result[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return result


class PoseTrack:
    """The poses of the last ten seconds, by stamp, and no more than ``MOST_POSES``."""

    def __init__(self) -> None:
        """Start without a pose."""
        self._stamps: list[int] = []
        self._poses: list[Doubles] = []

    def __len__(self) -> int:
        """Return the number of poses that are held."""
        return len(self._stamps)

    @property
    def newest_ns(self) -> int:
        """Return the last stamp, 0 without any."""
        return self._stamps[-1] if self._stamps else 0

    def is_leap(self, stamp_ns: int) -> bool:
        """Say whether a stamp is so far behind the last one that its clock was set back."""
        return stamp_ns < self.newest_ns - LEAP_NS

    def add(self, stamp_ns: int, pose: Doubles) -> None:
        """
        Append a pose.

        One that is not newer than the last is ignored; after a leap back the track begins anew.
        """
        if self.is_leap(stamp_ns):
            self._stamps.clear()
            self._poses.clear()
        if self._stamps and stamp_ns <= self._stamps[-1]:
            return
        self._stamps.append(stamp_ns)
        self._poses.append(pose)
        old, half = bisect_left(self._stamps, stamp_ns - KEPT_NS), len(self._stamps) // 2
        if len(self._stamps) > MOST_POSES:
            old = max(old, half)
        # Cutting half at a time keeps the cost of a step constant.
        if old > half or len(self._stamps) > MOST_POSES:
            del self._stamps[:old], self._poses[:old]

    def at(self, stamp_ns: int) -> Doubles | None:
        """Return the pose at this time; None before, after or between poses too far away."""
        if not self._stamps:
            return None
        index = bisect_left(self._stamps, stamp_ns)
        if index < len(self._stamps) and self._stamps[index] == stamp_ns:
            return self._poses[index]
        left, right = max(index - 1, 0), min(index, len(self._stamps) - 1)
        if index == 0:
            right = self._beyond(self._stamps[0] + EXTRAPOLATION_BASE_NS)
        elif index == len(self._stamps):
            left = max(self._beyond(self._stamps[-1] - EXTRAPOLATION_BASE_NS + 1) - 1, 0)
        return self._between(left, right, stamp_ns)

    def _beyond(self, stamp_ns: int) -> int:
        """Return the first index at or after a stamp, the last where there is none."""
        return min(bisect_left(self._stamps, stamp_ns), len(self._stamps) - 1)

    def _between(self, left: int, right: int, stamp_ns: int) -> Doubles | None:
        start, end = self._stamps[left], self._stamps[right]
        outside_ns = max(start - stamp_ns, stamp_ns - end)
        if left == right or end - start > WIDEST_GAP_NS or outside_ns > LONGEST_EXTRAPOLATION_NS:
            return None
        share = (stamp_ns - start) / (end - start)
        return interpolated(self._poses[left], self._poses[right], share)
