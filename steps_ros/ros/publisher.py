"""
Plays an image, folder, video or bag as a camera would: image and camera_info, at a steady rate.

The stamp of a message is the time at which it is sent, so that latency can be read off at the
other end; or the input's own, and then /clock tells the time of the input, as ``ros2 bag play
--clock`` does. Frames without calibration get the assumed intrinsics of :class:`Camera`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
import time
from typing import Any

import rclpy
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.utilities import remove_ros_args
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from steps_ros.core.camera import Camera
from steps_ros.data.frames import Frame, Source
from steps_ros.data.sources import open_source
from steps_ros.errors import OutputError, StepsError
from steps_ros.ros.messages import camera_info_message, rgb_message, time_message
from steps_ros.ros.names import CLOCK, IMAGE_TOPIC, INFO_TOPIC
from steps_ros.ros.playback import PlayClock, Timed, timed
from steps_ros.ros.qos import output_profile
from steps_ros.ros.spin import DONE, FAILED, started
from steps_ros.ros.status_file import write_status

NAME = 'publisher'
FRAME_ID = 'camera_optical_frame'
STATUS_PERIOD_S = 0.5
# The period of /clock, too.
SLICE_S = 0.01
ACKNOWLEDGE_S = 5.0


class CameraNode(Node):
    """Publishes image, camera_info and, where the stamps of the input are kept, /clock."""

    def __init__(self, keeps_stamps: bool) -> None:
        """Create the topics."""
        super().__init__(NAME)
        self._images = self.create_publisher(Image, IMAGE_TOPIC, output_profile())
        self._infos = self.create_publisher(CameraInfo, INFO_TOPIC, output_profile())
        self._clock_topic: Any = None
        if keeps_stamps:
            self._clock_topic = self.create_publisher(Clock, CLOCK, QoSProfile(depth=1))

    def subscriber_count(self) -> int:
        """Return how many listen to the image."""
        return self._images.get_subscription_count()

    def tell(self, time_ns: int) -> None:
        """Publish the time of the input, if its stamps are kept."""
        if self._clock_topic is not None:
            self._clock_topic.publish(Clock(clock=time_message(time_ns)))

    def send(self, frame: Frame) -> None:
        """Publish the camera_info and then the image."""
        height, width = frame.image.shape[:2]
        stamp = self.get_clock().now().to_msg()
        if self._clock_topic is not None:
            stamp = time_message(frame.stamp_ns)
        header = Header(stamp=stamp, frame_id=frame.frame_id or FRAME_ID)
        camera = frame.camera or Camera.assumed(width, height)
        self._infos.publish(camera_info_message(header, camera))
        self._images.publish(rgb_message(header, frame.image))

    def wait_until_received(self) -> None:
        """Wait, for a limited time, until every subscriber has what was sent."""
        self._images.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_S))


class Playing:
    """One way through the frames of a source; ``status`` says how far it is."""

    def __init__(self, node: CameraNode, source: Source, path: Path) -> None:
        """Remember whom to tell."""
        self._node = node
        self._source = source
        self._path = path
        self._said_s = 0.0
        self.status: dict[str, Any] = {
            'total': source.frame_count,
            'kind': source.kind,
            'sent': 0,
            'skipped': 0,
            'intrinsics': 'assumed',
            'behind_s': 0.0,
        }

    def play(self, frames: Iterable[Timed], clock: PlayClock) -> None:
        """Send every frame when it is due, or as soon as it could be read."""
        begun_s = time.monotonic()
        for item in frames:
            begun_s += self._wait_until(begun_s, item, clock)
            if not rclpy.ok():
                return
            self._node.send(item.frame)
            self._note(item.frame)

    def _wait_until(self, begun_s: float, item: Timed, clock: PlayClock) -> float:
        """Wait until the frame is due; return by how many seconds it is late."""
        while rclpy.ok():
            elapsed_s = time.monotonic() - begun_s
            self._node.tell(clock.at(elapsed_s, item.frame.stamp_ns))
            left_s = item.due_s - elapsed_s
            if left_s <= 0:
                # Frames that are late must not be sent in a burst to catch up.
                self.status['behind_s'] -= left_s
                return -left_s
            time.sleep(min(left_s, SLICE_S))
        return 0.0

    def _note(self, frame: Frame) -> None:
        self.status['sent'] += 1
        self.status['intrinsics'] = 'assumed' if frame.camera is None else 'calibrated'
        self.status['skipped'] = len(self._source.skipped)
        if time.monotonic() - self._said_s > STATUS_PERIOD_S:
            write_status(self._path, self.status)
            self._said_s = time.monotonic()


def main(args: Sequence[str] | None = None) -> int:
    """Play the input to its end; 0 when it did, 1 for bad input or when nobody listened."""
    options = _options(args)
    try:
        with started(args) as keep:
            _play(keep(CameraNode(options.keep_stamps)), options)
    except StepsError as error:
        # On a full disk that fails too, and the log has to do.
        with suppress(OutputError):
            write_status(options.status, {'problem': str(error), 'done': True})
        get_logger(NAME).fatal(str(error))
        return FAILED
    return DONE


def _play(node: CameraNode, options: argparse.Namespace) -> None:
    topics = options.image_topic, options.rate, options.camera_info_topic
    with open_source(options.input, *topics) as source:
        # Decode the first frame before anyone waits for it: it may be the one that fails.
        frames = timed(iter(source), options.rate, options.rate_factor)
        first = next(frames)
        clock = PlayClock(first.frame.stamp_ns, options.rate_factor)
        _wait_for_subscribers(node, options, first.frame.stamp_ns)
        playing = Playing(node, source, options.status)
        try:
            playing.play(chain([first], frames), clock)
            if rclpy.ok():
                node.wait_until_received()
        finally:
            # After Ctrl-C, too, it must be known how many were sent.
            write_status(options.status, playing.status)
    write_status(options.status, {**playing.status, 'done': True})


def _wait_for_subscribers(node: CameraNode, options: argparse.Namespace, time_ns: int) -> None:
    end_s = time.monotonic() + options.wait_s
    while rclpy.ok() and node.subscriber_count() < options.subscribers:
        if time.monotonic() > end_s:
            raise StepsError(f'nobody subscribed to the image within {options.wait_s:.0f} s')
        node.tell(time_ns)
        time.sleep(SLICE_S)


def _options(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument('input', type=Path, help='image, folder, video or bag')
    parser.add_argument('--rate', type=float, help='Hz; the stamps of the input by default')
    parser.add_argument('--rate-factor', type=float, default=1.0, help='of the stamps')
    parser.add_argument('--image-topic', help='which images of a bag')
    parser.add_argument('--camera-info-topic', help='which camera_info of a bag')
    parser.add_argument('--keep-stamps', action='store_true', help='and publish /clock')
    parser.add_argument('--status', type=Path, required=True, help='JSON file to report to')
    parser.add_argument('--subscribers', type=int, default=1, help='how many to wait for')
    parser.add_argument('--wait-s', type=float, default=60.0, help='how long to wait for them')
    return parser.parse_args(remove_ros_args(args)[1:])
