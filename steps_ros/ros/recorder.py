"""
Records the camera and every output of the node into one .mcap, as bytes, without decoding.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
import struct
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import numpy as np
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import CameraInfo, Image

from steps_ros.data.mcap_writer import McapWriter
from steps_ros.ros.outputs import DEPTH, FRAME_TOPICS, SCALE
from steps_ros.ros.spin import guarded, run_node
from steps_ros.ros.statistics import percentiles
from steps_ros.ros.status_file import write_status

NAME = 'recorder'
NODE = '/night_depth'
STATUS_PERIOD_S = 0.5
KEEP_LAST = 20
DIAGNOSTICS = '/diagnostics'
SCALE_TOPIC = SCALE.replace('~', NODE)
DEPTH_TOPIC = DEPTH.replace('~', NODE)
CAMERA_TOPICS = {'/camera/image_raw': Image, '/camera/camera_info': CameraInfo}
OUTPUT_TOPICS = {topic.replace('~', NODE): kind for topic, kind in FRAME_TOPICS.items()}
OTHER_TOPICS = {SCALE_TOPIC: DiagnosticStatus, DIAGNOSTICS: DiagnosticArray}
TOPICS: dict[str, Any] = {**CAMERA_TOPICS, **OUTPUT_TOPICS, **OTHER_TOPICS}

# After the four bytes that announce CDR, a message with a header begins with its stamp.
_STAMPS = {True: struct.Struct('<iI'), False: struct.Struct('>iI')}


class Recorder(Node):
    """Subscribes to everything; the file is closed by :meth:`close`."""

    def __init__(self, path: Path, status: Path) -> None:
        """
        Create the file and subscribe.

        :raises OutputError: the file cannot be written.
        """
        super().__init__(NAME)
        self._writer = McapWriter(path, overwrite=True)
        self._status = status
        self._is_ready = False
        self._receipts_ns: dict[str, list[int]] = {topic: [] for topic in TOPICS}
        self._latency_ms: list[float] = []
        self._stamps_ns: set[int] = set()
        self._reported: dict[str, dict[str, str]] = {}
        for topic, kind in TOPICS.items():
            callback = guarded(self, self._recording(topic, _type_name(kind)))
            self.create_subscription(kind, topic, callback, _profile(topic), raw=True)
        self.create_timer(STATUS_PERIOD_S, guarded(self, self.report))

    def record(self, topic: str, type_name: str, content: bytes) -> None:
        """Write one message and note when it came."""
        receive_ns = time.time_ns()
        stamp_ns = receive_ns if topic == SCALE_TOPIC else stamp_of(content)
        self._writer.write(topic, type_name, content, stamp_ns, receive_ns)
        self._receipts_ns[topic].append(receive_ns)
        if topic == DEPTH_TOPIC:
            self._stamps_ns.add(stamp_ns)
            self._latency_ms.append((receive_ns - stamp_ns) / 1e6)
        elif topic == DIAGNOSTICS:
            self._note(deserialize_message(content, DiagnosticArray))

    def report(self) -> None:
        """Tell the others how far it is."""
        if self.context.ok():
            self._is_ready = all(self.count_publishers(topic) for topic in OUTPUT_TOPICS)
        write_status(
            self._status,
            {
                'ready': self._is_ready,
                'frames_out': len(self._stamps_ns),
                'latency_ms': percentiles(self._latency_ms)._asdict(),
                'topics': {topic: _rate(times) for topic, times in self._receipts_ns.items()},
                'diagnostics': self._reported,
            },
        )

    def close(self) -> None:
        """Finish the file and report for the last time."""
        self._writer.close()
        self.report()

    def _recording(self, topic: str, type_name: str) -> Callable[[bytes], None]:
        def record(content: bytes) -> None:
            self.record(topic, type_name, content)

        return record

    def _note(self, array: DiagnosticArray) -> None:
        for status in array.status:
            values = {item.key: item.value for item in status.values}
            self._reported[status.name] = {**values, 'message': status.message}


def stamp_of(content: bytes) -> int:
    """Return the stamp, in nanoseconds, of a serialised message that begins with a header."""
    seconds, nanoseconds = _STAMPS[bool(content[1])].unpack_from(content, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def main(args: Sequence[str] | None = None) -> int:
    """Record until Ctrl-C; the file is whole in any case."""
    options = _options(args)
    return run_node(NAME, lambda: Recorder(options.out, options.status), args)


def _rate(times_ns: list[int]) -> dict[str, float]:
    span_s = (times_ns[-1] - times_ns[0]) / 1e9 if len(times_ns) > 1 else 0.0
    rate_hz = (len(times_ns) - 1) / span_s if span_s > 0 else 0.0
    return {'count': len(times_ns), 'rate_hz': float(np.round(rate_hz, 3))}


def _type_name(kind: Any) -> str:
    package = kind.__module__.partition('.')[0]
    return f'{package}/msg/{kind.__name__}'


def _profile(topic: str) -> QoSProfile:
    profile = QoSProfile(depth=KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE)
    if topic == SCALE_TOPIC:
        profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return profile


def _options(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument('--out', type=Path, required=True, help='the .mcap file')
    parser.add_argument('--status', type=Path, required=True, help='JSON file to report to')
    return parser.parse_args(remove_ros_args(args)[1:])
