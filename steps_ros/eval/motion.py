"""
Where sensors are, and how the vehicle moved between two stamps.
"""

from __future__ import annotations

from enum import Enum
import math

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.clouds import Cloud
from steps_ros.data.poses import inverse, PoseTrack
from steps_ros.data.transforms import Stamped, TransformTree
from steps_ros.errors import FrameError
from steps_ros.eval.references import transformed
from steps_ros.eval.samples import Mounting

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

# The first of these in the tree is the ground, axes forward, left, up (REP-105).
GROUND_FRAMES = ('base_footprint', 'base_link')
# Points of a sweep that are moved together: a vehicle at 30 m/s goes 6 cm in the meantime.
SLICE_NS = 2_000_000


class MotionKind(Enum):
    """What tells the motion between two stamps; the values are words for the report."""

    ODOMETRY = 'odometry'
    TRANSFORMS = 'tf'
    NONE = 'none'


class Motion:
    """Transforms and odometry of a recording, as far as it is read."""

    def __init__(self, tree: TransformTree, body: str | None) -> None:
        """Take the tree with its links, and the frame whose pose odometry tells, if any does."""
        self.tree = tree
        self._body = body
        self._track = PoseTrack()

    @property
    def newest_ns(self) -> int:
        """Return the stamp of the last odometry, 0 without any."""
        return self._track.newest_ns

    @property
    def pose_count(self) -> int:
        """Return how many poses are held."""
        return len(self._track) + self.tree.pose_count

    def add_odometry(self, stamped: Stamped) -> None:
        """Take the next odometry."""
        self._track.add(stamped.stamp_ns, stamped.transform.parent_from_child)

    def kind(self, frame: str) -> MotionKind:
        """Say what tells the motion of a frame."""
        if self._body is not None and self.tree.is_connected(self._body, frame):
            return MotionKind.ODOMETRY
        if self.tree.moving_root(frame) is not None:
            return MotionKind.TRANSFORMS
        return MotionKind.NONE

    def world_from(self, frame: str, stamp_ns: int) -> Doubles:
        """
        Return the pose of a frame in a world that stands still.

        :raises FrameError: nothing tells it, at this time or at all.
        """
        if self._body is not None and self.tree.is_connected(self._body, frame):
            pose = self._track.at(stamp_ns)
            if pose is None:
                raise FrameError(
                    f'odometry does not say where the vehicle is at {stamp_ns / 1e9:.3f} s; '
                    'record it throughout'
                )
            return pose @ self.tree.lookup(self._body, frame, stamp_ns)
        root = self.tree.moving_root(frame)
        if root is None:
            raise FrameError(f'neither odometry nor tf tells how {frame} moves')
        return self.tree.lookup(root, frame, stamp_ns)

    def points_at(self, cloud: Cloud, source: tuple[str, int], target: tuple[str, int]) -> Floats:
        """
        Return a cloud's points in another frame at another time.

        Each point is moved from its own time where the cloud tells it, else from the stamp of
        the cloud. Without odometry or moving tf nothing is moved.

        :param source: frame and stamp_ns of the cloud.
        :param target: frame and stamp_ns of the picture.
        :raises FrameError: no transform, or no pose at one of the stamps.
        """
        (source_frame, source_ns), (target_frame, target_ns) = source, target
        if self.kind(target_frame) is MotionKind.NONE:
            target_from_source = self.tree.lookup(target_frame, source_frame, source_ns)
            return transformed(target_from_source, cloud.points)
        target_from_world = inverse(self.world_from(target_frame, target_ns))
        if cloud.offsets_ns is None:
            world_from_source = self.world_from(source_frame, source_ns)
            return transformed(target_from_world @ world_from_source, cloud.points)
        moved = np.empty_like(cloud.points)
        slices = cloud.offsets_ns // SLICE_NS
        for number in np.unique(slices):
            chosen = slices == number
            middle_ns = source_ns + round(float(cloud.offsets_ns[chosen].mean()))
            world_from_source = self.world_from(source_frame, middle_ns)
            moved[chosen] = transformed(
                target_from_world @ world_from_source, cloud.points[chosen]
            )
        return moved

    def mounting(self, frame: str, stamp_ns: int) -> Mounting | None:
        """Return how a camera sits over the ground; None where tf has no vehicle."""
        known = self.tree.frames
        ground = next((name for name in GROUND_FRAMES if name in known), None)
        if ground is None or not self.tree.is_connected(ground, frame):
            return None
        try:
            pose = self.tree.lookup(ground, frame, stamp_ns)
        except FrameError:
            return None
        return mounting_of(pose)


def mounting_of(ground_from_camera: Doubles) -> Mounting:
    """Return height, pitch and roll of a camera (right, down, forward) over ground with z up."""
    right, down, forward = ground_from_camera[2, :3]
    pitch = math.asin(float(np.clip(-forward, -1, 1)))
    return Mounting(float(ground_from_camera[2, 3]), pitch, math.atan2(-right, -down))
