"""
Records the camera and the outputs of the node into one .mcap, as bytes, without decoding.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from steps_ros.data.mcap_writer import McapWriter
from steps_ros.errors import OutputError
from steps_ros.ros.drain import Drain
from steps_ros.ros.live_run import last_words, stamp_of
from steps_ros.ros.names import (
    COMPRESSED_TOPIC,
    DEPTH,
    DIAGNOSTICS,
    DROPPED,
    IMAGE_TOPIC,
    INFO_TOPIC,
    NODE,
    NOT_READY,
    of_node,
    READY,
    SCALE,
)
from steps_ros.ros.outputs import FRAME_TOPICS
from steps_ros.ros.spin import guarded, run_node
from steps_ros.ros.status_file import write_status

NAME = 'recorder'
STATUS_PERIOD_S = 0.5
KEEP_LAST = 20
DEPTH_TOPIC, SCALE_TOPIC = of_node(DEPTH), of_node(SCALE)
STATE, OUTPUT = f'{NODE}: state', f'{NODE}: output'


class Recorder(Node):
    """Subscribes to all that it is to record; the file is closed by :meth:`close`."""

    def __init__(self, options: argparse.Namespace) -> None:
        """
        Create the file and subscribe.

        :raises OutputError: the file cannot be written.
        """
        super().__init__(NAME)
        self._writer = McapWriter(options.out, overwrite=True)
        self._status: Path = options.status
        self._image_topic = COMPRESSED_TOPIC if options.compressed else IMAGE_TOPIC
        self._outputs = [of_node(topic) for topic in options.outputs]
        self._drain: Drain | None = None
        self._failure: OutputError | None = None
        self._ends_by_itself: bool = options.until_drained
        self._said: set[str] = set()
        self._images_ns: set[int] = set()
        self._depths_ns: set[int] = set()
        self._reported: dict[str, dict[str, str]] = {}
        for topic, kind in topics_of(options.outputs, options.compressed).items():
            callback = guarded(self, self._recording(topic, _type_name(kind)))
            self.create_subscription(kind, topic, callback, _profile(topic), raw=True)
        self.create_timer(STATUS_PERIOD_S, guarded(self, self._look))

    def record(self, topic: str, type_name: str, content: bytes) -> None:
        """Write one message, with the time at which it came."""
        receive_ns = time.time_ns()
        stamp_ns = receive_ns if topic == SCALE_TOPIC else stamp_of(content)
        try:
            self._writer.write(topic, type_name, content, stamp_ns, receive_ns)
        except OutputError as error:
            # A recording with holes is worth less than word of it.
            self._failure = error
            self.context.try_shutdown()
            return
        if topic == DEPTH_TOPIC:
            self._depths_ns.add(stamp_ns)
        elif topic == self._image_topic:
            self._images_ns.add(stamp_ns)
        elif topic == DIAGNOSTICS:
            self._reported |= last_words(deserialize_message(content, DiagnosticArray))

    def close(self) -> None:
        """
        Finish the file and report for the last time.

        :raises OutputError: the disk is full; what was written stays as ``.partial``.
        """
        if self._failure is not None:
            raise self._failure
        self._writer.close()
        self._report()

    @property
    def _done(self) -> int:
        """How many frames came out or were dropped by the node."""
        return len(self._depths_ns) + int(self._reported.get(OUTPUT, {}).get(DROPPED, 0))

    def _look(self) -> None:
        """See how the others are, say so, and end when there is nothing left to record."""
        if self._is_ready():
            self._say(READY)
        problem = self._problem()
        if problem:
            self._say(f'{NOT_READY}: {problem}')
        self._report()
        if self._ends_by_itself and self._is_over():
            self.context.try_shutdown()

    def _is_ready(self) -> bool:
        """Say whether the node publishes, and listens to the image beside this recorder."""
        publishes = all(self.count_publishers(topic) for topic in self._outputs)
        return publishes and self.count_subscribers(self._image_topic) > 1

    def _problem(self) -> str:
        """Return why the node is not active, empty while it may still become so."""
        state = self._reported.get(STATE, {})
        is_error = state.get('level') == str(DiagnosticStatus.ERROR[0])
        return state['message'] if is_error and READY not in self._said else ''

    def _is_over(self) -> bool:
        """Say whether the camera has gone and the node has nothing more to give."""
        now_s = time.monotonic()
        if not self._images_ns or self.count_publishers(self._image_topic):
            return False
        self._drain = self._drain or Drain(now_s)
        return self._drain.is_over(len(self._images_ns), self._done, now_s)

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.get_logger().info(text)

    def _report(self) -> None:
        """Tell the others how far it is."""
        write_status(
            self._status,
            {
                'ready': READY in self._said,
                'problem': self._problem(),
                'frames_out': len(self._depths_ns),
                'frames_done': self._done,
            },
        )

    def _recording(self, topic: str, type_name: str) -> Callable[[bytes], None]:
        def record(content: bytes) -> None:
            self.record(topic, type_name, content)

        return record


def topics_of(outputs: Sequence[str], compressed: bool = False) -> dict[str, Any]:
    """
    Return what is recorded: the message types by topic.

    :param outputs: which of :data:`steps_ros.ros.outputs.FRAME_TOPICS`.
    :param compressed: whether the camera gives compressed images.
    """
    camera = {COMPRESSED_TOPIC: CompressedImage} if compressed else {IMAGE_TOPIC: Image}
    return {
        **camera,
        INFO_TOPIC: CameraInfo,
        **{of_node(topic): FRAME_TOPICS[topic] for topic in outputs},
        SCALE_TOPIC: DiagnosticStatus,
        DIAGNOSTICS: DiagnosticArray,
    }


def main(args: Sequence[str] | None = None) -> int:
    """Record until Ctrl-C, or until the end of what there is; the file is whole in any case."""
    options = _options(args)
    return run_node(NAME, lambda: Recorder(options), args)


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
    parser.add_argument(
        '--outputs',
        nargs='+',
        choices=list(FRAME_TOPICS),
        default=list(FRAME_TOPICS),
        metavar='TOPIC',
        help='which outputs of the node, as ~/output/depth (default: all)',
    )
    parser.add_argument('--compressed', action='store_true', help='the images are compressed')
    parser.add_argument(
        '--until-drained',
        action='store_true',
        help='end when the camera has gone and every frame is accounted for',
    )
    return parser.parse_args(remove_ros_args(args)[1:])
