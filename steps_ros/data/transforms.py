"""
The tree of coordinate frames that ``/tf_static`` and ``/tf`` describe, and odometry beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from steps_ros.data.messages import NANOSECONDS, Transform
from steps_ros.data.poses import Doubles, inverse, pose_matrix, PoseTrack
from steps_ros.errors import FrameError

STATIC_TOPIC, MOVING_TOPIC = '/tf_static', '/tf'
TRANSFORM_TYPES = ('tf2_msgs/msg/TFMessage', 'tf/msg/tfMessage')
MAX_NAMED = 12
# Of a tree; robots have some hundred, and names without number would fill the memory.
MOST_FRAMES = 10_000


class Stamped(NamedTuple):
    """A transform and the time at which it held."""

    stamp_ns: int
    transform: Transform


def frame_name(name: str) -> str:
    """Return a frame's name as tf2 has it, without the leading slash of ROS 1."""
    return name.lstrip('/')


def message_stamp_ns(message: Any) -> int:
    """Return the stamp of a message's header in nanoseconds."""
    stamp = message.header.stamp
    return int(stamp.sec * NANOSECONDS + stamp.nanosec)


def read_transforms(message: Any) -> Iterator[Stamped]:
    """
    Yield the transforms of a ``tf2_msgs/TFMessage``.

    :raises FrameError: one of them is no pose.
    """
    for item in message.transforms:
        matrix = pose_matrix(item.transform.translation, item.transform.rotation)
        parent, child = frame_name(item.header.frame_id), frame_name(item.child_frame_id)
        yield Stamped(message_stamp_ns(item), Transform(parent, child, matrix))


def read_odometry(message: Any) -> Stamped:
    """
    Read a ``nav_msgs/Odometry``; its twist and covariance are left aside.

    :raises FrameError: its pose is none.
    """
    pose = message.pose.pose
    matrix = pose_matrix(pose.position, pose.orientation)
    parent, child = frame_name(message.header.frame_id), frame_name(message.child_frame_id)
    return Stamped(message_stamp_ns(message), Transform(parent, child, matrix))


class TransformTree:
    """
    Frames by their parents, static or moving; of moving ones the last ten seconds.

    A transform is named target_from_source: x_target = target_from_source @ x_source.
    """

    def __init__(self) -> None:
        """Start without frames."""
        self._static: dict[str, Transform] = {}
        self._parents: dict[str, str] = {}
        self._tracks: dict[str, PoseTrack] = {}

    @property
    def frames(self) -> list[str]:
        """Return the names of all frames, sorted."""
        parents = {transform.parent for transform in self._static.values()}
        return sorted({*self._static, *parents, *self._parents, *self._parents.values()})

    @property
    def pose_count(self) -> int:
        """Return how many poses of moving frames are held."""
        return sum(len(track) for track in self._tracks.values())

    def add_static(self, transform: Transform) -> None:
        """
        Take a link that holds for all time; it wins over a moving one.

        :raises FrameError: it is one more than ``MOST_FRAMES``.
        """
        self._require_room(transform.child)
        self._static[transform.child] = transform

    def add(self, stamped: Stamped) -> None:
        """
        Take a link as it was at one time.

        :raises FrameError: it is one more than ``MOST_FRAMES``.
        """
        transform = stamped.transform
        self._require_room(transform.child)
        self._parents[transform.child] = transform.parent
        track = self._tracks.setdefault(transform.child, PoseTrack())
        track.add(stamped.stamp_ns, transform.parent_from_child)

    def newest_ns(self, child: str) -> int:
        """Return the last stamp of a moving frame, 0 without any."""
        track = self._tracks.get(child)
        return track.newest_ns if track else 0

    def forget_moving(self) -> None:
        """Forget all that moved, as after a leap back in time."""
        self._parents.clear()
        self._tracks.clear()

    def is_connected(self, target: str, source: str) -> bool:
        """Say whether there is a chain of links between two frames."""
        return self._chain(target)[-1] == self._chain(source)[-1]

    def moving_root(self, frame: str) -> str | None:
        """Return the top of the frame's tree where something moves on the way up, else None."""
        chain = self._chain(frame)
        return chain[-1] if any(name not in self._static for name in chain[:-1]) else None

    def lookup(self, target: str, source: str, stamp_ns: int) -> Doubles:
        """
        Return target_from_source (4x4) at a time.

        :raises FrameError: no chain of links, or a moving one is not known at this time.
        """
        if not self.is_connected(target, source):
            raise FrameError(self.missing(target, source))
        up, down = self._chain(target), self._chain(source)
        meeting = next(name for name in up if name in down)
        meeting_from_target = self._ascend(up, meeting, stamp_ns)
        return inverse(meeting_from_target) @ self._ascend(down, meeting, stamp_ns)

    def missing(self, target: str, source: str) -> str:
        """Return one line that says what is missing between two frames, and the remedy."""
        frames = self.frames
        if not frames:
            return (
                f'no transform from {source} to {target}: there is neither '
                f'{STATIC_TOPIC} nor {MOVING_TOPIC}; publish {STATIC_TOPIC}, and record it'
            )
        unknown = [repr(name) for name in (target, source) if name not in frames]
        known = ', '.join(frames[:MAX_NAMED]) + (', ...' if len(frames) > MAX_NAMED else '')
        if unknown:
            return (
                f'no transform from {source} to {target}: no frame {" or ".join(unknown)} in tf, '
                f'which has {known}; publish it on {STATIC_TOPIC}'
            )
        tops = self._chain(source)[-1], self._chain(target)[-1]
        return (
            f'no transform from {source} to {target}: they hang on {tops[0]} and {tops[1]}, '
            f'which nothing links; publish that link on {STATIC_TOPIC}'
        )

    def _require_room(self, child: str) -> None:
        is_known = child in self._static or child in self._tracks
        if not is_known and len(self._static) + len(self._tracks) >= MOST_FRAMES:
            raise FrameError(
                f'frame {child[:100]!r} is one more than the {MOST_FRAMES} that are kept; look at '
                'what publishes transforms'
            )

    def _chain(self, frame: str) -> list[str]:
        """Return the frame and its ancestors, up to the top or to a loop."""
        chain = [frame]
        while (parent := self._parent(chain[-1])) is not None and parent not in chain:
            chain.append(parent)
        return chain

    def _parent(self, frame: str) -> str | None:
        static = self._static.get(frame)
        return static.parent if static is not None else self._parents.get(frame)

    def _ascend(self, chain: list[str], ancestor: str, stamp_ns: int) -> Doubles:
        """Return ancestor_from_frame for the first frame of the chain."""
        pose = np.eye(4)
        for name in chain[: chain.index(ancestor)]:
            pose = self._link(name, stamp_ns) @ pose
        return pose

    def _link(self, child: str, stamp_ns: int) -> Doubles:
        if child in self._static:
            return self._static[child].parent_from_child
        pose = self._tracks[child].at(stamp_ns)
        if pose is None:
            raise FrameError(
                f'tf does not say where {child} is at {stamp_ns / NANOSECONDS:.3f} s; '
                f'publish {MOVING_TOPIC} throughout, and record it'
            )
        return pose
