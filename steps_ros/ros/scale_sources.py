"""
What the sources of scale listen to: odometry, and a LiDAR with its place on the vehicle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import threading
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2

from steps_ros.data.clouds import decode_cloud
from steps_ros.data.poses import Doubles, LEAP_NS, PoseTrack
from steps_ros.data.transforms import (
    frame_name,
    message_stamp_ns,
    MOVING_TOPIC,
    read_odometry,
    read_transforms,
    STATIC_TOPIC,
    TransformTree,
)
from steps_ros.errors import SettingsError
from steps_ros.eval.references import transformed
from steps_ros.inference.scale.height import HeightScale
from steps_ros.inference.scale.odometry import DistanceScale
from steps_ros.inference.scale.settings import CAMERA_HEIGHT, LIDAR, ODOMETRY
from steps_ros.ros import qos
from steps_ros.ros.names import ODOMETRY_INPUT, POINTS_INPUT
from steps_ros.ros.node_settings import Live
from steps_ros.ros.parameters import NightDepthSettings
from steps_ros.ros.scale import Listened, Measure
from steps_ros.ros.scale_lidar import FARTHEST_NS, LidarScale, middle_offset_ns, Turn
from steps_ros.ros.spin import guarded

# An image waits for a slow model and the frame after it; no stranger has more turns kept.
TURNS_KEPT_NS, MOST_TURNS = 2_000_000_000, 50
# What a camera sees of a turn may be this far from the turn's stamp.
LONGEST_TURN_NS = 150_000_000


class ScaleSource:
    """
    The measurement that the parameters ask for, and the subscriptions that it needs.

    Make and destroy it in the executor's thread; ``measure`` may be called from another.
    """

    def __init__(self, node: Node, settings: Live[NightDepthSettings]) -> None:
        """
        Subscribe.

        :raises SettingsError: a message package is missing, or the LiDAR's place.
        """
        self._node = node
        self._subscriptions: list[Any] = []
        self._lock = threading.Lock()
        source = settings.value.scale.source
        self.measure: Measure | None = None
        self._input: tuple[str, type] | None = None
        if source == CAMERA_HEIGHT:
            self.measure = HeightScale(lambda: settings.value.scale.camera_height)
        elif source == ODOMETRY:
            self._listen_to_odometry(settings)
        elif source == LIDAR:
            self._listen_to_lidar(settings.value.lidar.camera_from_lidar)

    def listened(self) -> Listened | None:
        """Return what the measurement needs beside images, None where that is nothing."""
        if self._input is None:
            return None
        name, kind = self._input
        publishers = len(qos.offered_reliabilities(self._node, name, kind))
        topic = self._node.resolve_topic_name(name)
        return Listened(name, topic, qos.type_name(kind), publishers)

    def destroy(self) -> None:
        """Take the subscriptions away."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _listen_to_odometry(self, settings: Live[NightDepthSettings]) -> None:
        try:
            from nav_msgs.msg import Odometry
        except ImportError as error:
            raise SettingsError(
                'scale.source odometry needs nav_msgs; install ros-DISTRO-nav-msgs, or '
                'ros-nav-msgs from PyPI'
            ) from error
        odometry = _Odometry(self._lock)
        self._input = ODOMETRY_INPUT, Odometry
        self._subscribe(Odometry, ODOMETRY_INPUT, odometry.add)
        self.measure = DistanceScale(odometry.driven, lambda: settings.value.scale.min_speed)

    def _listen_to_lidar(self, camera_from_lidar: Doubles | None) -> None:
        turns = _Turns(self._lock, camera_from_lidar)
        if camera_from_lidar is None:
            self._listen_to_transforms(turns)
        self._input = POINTS_INPUT, PointCloud2
        self._subscribe(PointCloud2, POINTS_INPUT, turns.add)
        self.measure = LidarScale(turns.near)

    def _listen_to_transforms(self, turns: _Turns) -> None:
        try:
            from tf2_msgs.msg import TFMessage
        except ImportError as error:
            raise SettingsError(
                'scale.source lidar without lidar.extrinsics needs tf2_msgs, which is not '
                'installed; set lidar.extrinsics'
            ) from error
        latched = QoSProfile(
            depth=100,
            reliability=ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.TRANSIENT_LOCAL,
        )
        self._subscribe(TFMessage, STATIC_TOPIC, turns.add_static, latched)
        self._subscribe(TFMessage, MOVING_TOPIC, turns.add_moving, QoSProfile(depth=100))

    def _subscribe(
        self,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        profile: QoSProfile | None = None,
    ) -> None:
        # Best effort matches every publisher, and a lost message more or less changes nothing.
        self._subscriptions.append(
            self._node.create_subscription(
                kind,
                topic,
                guarded(self._node, callback),
                profile or qos.input_profile(qos.BEST_EFFORT),
                qos_overriding_options=qos.overridable(),
            )
        )


class _Odometry:
    """The poses of the vehicle, filled by the executor's thread and read by the worker's."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._track = PoseTrack()

    def add(self, message: Any) -> None:
        stamped = read_odometry(message)
        with self._lock:
            self._track.add(stamped.stamp_ns, stamped.transform.parent_from_child)

    def driven(self, first_ns: int, second_ns: int) -> float | None:
        """Return metres from one stamp to another, None where odometry does not tell."""
        with self._lock:
            first, second = self._track.at(first_ns), self._track.at(second_ns)
        if first is None or second is None:
            return None
        return float(np.linalg.norm(second[:3, 3] - first[:3, 3]))


class _Turns:
    """The latest turns of a LiDAR and the tree of frames, read by the worker's thread."""

    def __init__(self, lock: threading.Lock, camera_from_lidar: Doubles | None) -> None:
        self._lock = lock
        self._camera_from_lidar = camera_from_lidar
        self._messages: deque[PointCloud2] = deque(maxlen=MOST_TURNS)
        self._tree = TransformTree()

    def add(self, message: PointCloud2) -> None:
        with self._lock:
            stamp_ns = message_stamp_ns(message)
            if self._messages and stamp_ns < message_stamp_ns(self._messages[-1]) - LEAP_NS:
                self._messages.clear()
            self._messages.append(message)
            while stamp_ns - message_stamp_ns(self._messages[0]) > TURNS_KEPT_NS:
                self._messages.popleft()

    def add_static(self, message: Any) -> None:
        with self._lock:
            for stamped in read_transforms(message):
                self._tree.add_static(stamped.transform)

    def add_moving(self, message: Any) -> None:
        with self._lock:
            for stamped in read_transforms(message):
                if stamped.stamp_ns < self._tree.newest_ns(stamped.transform.child) - LEAP_NS:
                    self._tree.forget_moving()
                self._tree.add(stamped)

    def near(self, stamp_ns: int, frame_id: str) -> list[Turn]:
        """
        Return the turns near a stamp in the frame of a camera.

        :raises FrameError: a cloud that cannot be read, or no transform.
        """
        with self._lock:
            messages = [
                message
                for message in self._messages
                if abs(message_stamp_ns(message) - stamp_ns) <= FARTHEST_NS + LONGEST_TURN_NS
            ]
        turns = [self._turn(message, frame_id) for message in messages]
        return sorted(turns, key=lambda turn: turn.stamp_ns)

    def _turn(self, message: PointCloud2, frame_id: str) -> Turn:
        stamp_ns = message_stamp_ns(message)
        placement = self._camera_from_lidar
        if placement is None:
            lidar = frame_name(message.header.frame_id)
            with self._lock:
                placement = self._tree.lookup(frame_name(frame_id), lidar, stamp_ns)
        cloud = decode_cloud(message)
        points = transformed(placement, cloud.points)
        if cloud.offsets_ns is not None:
            stamp_ns += middle_offset_ns(points, cloud.offsets_ns)
        return Turn(stamp_ns, points)
