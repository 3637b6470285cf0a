"""
What the live view listens to: the newest message of each topic, and only while somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterable
import time
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from steps_ros.ros import qos
from steps_ros.ros.names import (
    CAMERA_INFO,
    camera_topic,
    DEPTH,
    DIAGNOSTICS,
    ENHANCED,
    POINTS,
    SCALE,
)
from steps_ros.ros.spin import guarded
from steps_ros.view.health import Health, NodeHealth, report_of, silence, speakers

IMAGE = 'image'
# In the order in which they are drawn: depth goes with its unit, a cloud with its camera.
OUTPUTS: dict[str, type] = {
    SCALE: DiagnosticStatus,
    ENHANCED: Image,
    DEPTH: Image,
    CAMERA_INFO: CameraInfo,
    POINTS: PointCloud2,
}
SILENT_S = 3.0
# All nodes of a robot share the topic of diagnostics.
DIAGNOSTICS_DEPTH = 100
# Names of other nodes that are told of where the watched one is silent.
MOST_OTHERS = 100


class Source(NamedTuple):
    """A topic, the type of its messages, and the reliability that fits its publishers."""

    topic: str
    kind: type
    reliability: str

    @property
    def profile(self) -> QoSProfile:
        """Statuses are latched; of all else the newest counts."""
        if self.kind is DiagnosticStatus:
            return qos.latched_profile()
        return qos.input_profile(self.reliability, depth=1)


class Feed:
    """
    The newest message of a topic, as bytes until it is wanted; older ones are never looked at.

    By best effort no publisher waits for this reader or sends anything again. A reliable reader
    gets large images over default transports too, and makes publishers wait when it is slow.
    """

    def __init__(self, node: Node, source: Source) -> None:
        self.source = source
        self.problem = ''
        self._node = node
        self._newest: bytes | None = None
        self._heard_s = time.monotonic()
        self._subscription = node.create_subscription(
            source.kind,
            source.topic,
            guarded(node, self._on_message),
            source.profile,
            raw=True,
        )

    def take(self) -> Any:
        """Return the newest message if it is new, else None."""
        newest, self._newest = self._newest, None
        return None if newest is None else deserialize_message(newest, self.source.kind)

    def trouble(self) -> str:
        """Return what is wrong: with the last message, or that there is none; empty if nothing."""
        silent_s = time.monotonic() - self._heard_s
        if silent_s < SILENT_S:
            return self.problem
        topic = self._node.resolve_topic_name(self.source.topic)
        is_lossy = self.source.reliability == qos.BEST_EFFORT
        return silence(silent_s, self._node.count_publishers(topic), is_lossy)

    def destroy(self) -> None:
        """Take the subscription away."""
        self._node.destroy_subscription(self._subscription)

    def _on_message(self, content: bytes) -> None:
        self._newest, self._heard_s = content, time.monotonic()


class Reports:
    """What the watched node says of itself; other nodes' diagnostics pass by."""

    def __init__(self, node: Node, label: str) -> None:
        """
        Subscribe.

        :param label: full name of the watched node without the first slash.
        """
        self.health = NodeHealth(label)
        self._node = node
        self._others: set[str] = set()
        self._period_s = 0.0
        self._heard_s = time.monotonic()
        # Small messages are not lost, and best effort matches every publisher.
        self._subscription = node.create_subscription(
            DiagnosticArray,
            DIAGNOSTICS,
            guarded(node, self._on_message),
            qos.input_profile(qos.BEST_EFFORT, DIAGNOSTICS_DEPTH),
        )

    def trouble(self) -> str:
        """Return that the node is silent, and who is not; empty where it speaks."""
        silent_s = time.monotonic() - self._heard_s
        if silent_s < max(SILENT_S, 2 * self._period_s):
            return ''
        label = self.health.label
        heard = f'; there is {", ".join(sorted(self._others))}' if self._others else ''
        return (
            f'/{label} has said nothing on {DIAGNOSTICS} for {silent_s:.0f} s{heard}: '
            'does it run, with the same ROS_DOMAIN_ID? Is --node its full name?'
        )

    def destroy(self) -> None:
        """Take the subscription away."""
        self._node.destroy_subscription(self._subscription)

    def _on_message(self, message: DiagnosticArray) -> None:
        statuses = [health_of(status) for status in message.status]
        report = report_of(statuses, self.health.label)
        if report is None:
            named = {*self._others, *(f'/{name}' for name in speakers(statuses))}
            self._others = set(sorted(named)[:MOST_OTHERS])
            return
        now = time.monotonic()
        self._period_s = now - self._heard_s if self.health.statuses else 0.0
        self.health, self._heard_s = report, now


def wanted(node: Node, health: NodeHealth, camera: str, is_reliable: bool) -> dict[str, Source]:
    """
    Return what to listen to, by what it is: ``IMAGE`` or a name of ``OUTPUTS``.

    Nothing before the node has said that it has this camera.

    :param is_reliable: whether to lose nothing where the publishers are reliable, too.
    """
    image_topic = health.cameras.get(camera)
    if image_topic is None:
        return {}
    topics = {
        name: (camera_topic(name, camera).replace('~', f'/{health.label}', 1), kind)
        for name, kind in OUTPUTS.items()
    }
    topics[IMAGE] = image_topic, _image_kind(node, image_topic)
    return {
        name: Source(topic, kind, _reliability(node, topic, kind, is_reliable))
        for name, (topic, kind) in topics.items()
    }


def _reliability(node: Node, topic: str, kind: type, is_reliable: bool) -> str:
    if not is_reliable:
        return qos.BEST_EFFORT
    return qos.fitting_reliability(qos.offered_reliabilities(node, topic, kind))


def _image_kind(node: Node, topic: str) -> type:
    """Return Image, or CompressedImage where that is what is published."""
    kinds: Iterable[str] = dict(node.get_topic_names_and_types()).get(topic, ())
    is_compressed = any(kind.endswith('/CompressedImage') for kind in kinds)
    return CompressedImage if is_compressed else Image


def health_of(status: Any) -> Health:
    """Return a ``diagnostic_msgs/DiagnosticStatus`` as the page takes it."""
    level = status.level[0] if isinstance(status.level, bytes) else int(status.level)
    values = tuple((pair.key, pair.value) for pair in status.values)
    return Health(status.name, level, status.message, values)
