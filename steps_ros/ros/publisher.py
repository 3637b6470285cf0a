"""
Plays an image, folder, video or bag as a camera would: image and camera_info, at a steady rate.

The stamp of a message is the time at which it is sent, so that latency can be read off at the
other end. Frames without calibration get the assumed intrinsics of :class:`Camera`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
import time
from typing import NamedTuple

import rclpy
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from steps_ros.core.camera import Camera
from steps_ros.data.frames import Frame
from steps_ros.data.sources import open_source
from steps_ros.errors import StepsError
from steps_ros.ros.messages import camera_info_message, rgb_message
from steps_ros.ros.qos import output_profile
from steps_ros.ros.spin import DONE, FAILED, started
from steps_ros.ros.status_file import write_status

NAME = 'publisher'
FRAME_ID = 'camera_optical_frame'
STATUS_PERIOD_S = 0.5
SLICE_S = 0.02
ACKNOWLEDGE_S = 5.0


class Timed(NamedTuple):
    """A frame and when to send it, in seconds after the first."""

    due_s: float
    frame: Frame


class CameraNode(Node):
    """Publishes ``image_raw`` and ``camera_info``."""

    def __init__(self) -> None:
        """Create the topics."""
        super().__init__(NAME, namespace='camera')
        self._images = self.create_publisher(Image, 'image_raw', output_profile())
        self._infos = self.create_publisher(CameraInfo, 'camera_info', output_profile())

    def wait_for_subscribers(self, count: int, limit_s: float) -> bool:
        """Wait until the image has this many subscribers; False when they do not come."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end and rclpy.ok():
            if self._images.get_subscription_count() >= count:
                return True
            time.sleep(SLICE_S)
        return False

    def send(self, frame: Frame) -> None:
        """Publish the camera_info and then the image, stamped now."""
        height, width = frame.image.shape[:2]
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=FRAME_ID)
        camera = frame.camera or Camera.assumed(width, height)
        self._infos.publish(camera_info_message(header, camera))
        self._images.publish(rgb_message(header, frame.image))

    def wait_until_received(self) -> None:
        """Wait, for a limited time, until every subscriber has what was sent."""
        self._images.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_S))


def main(args: Sequence[str] | None = None) -> int:
    """Play the input to its end; 0 when it did, 1 for bad input or when nobody listened."""
    options = _options(args)
    try:
        with started(args) as keep:
            _play(keep(CameraNode()), options)
    except StepsError as error:
        write_status(options.status, {'problem': str(error), 'done': True})
        get_logger(NAME).fatal(str(error))
        return FAILED
    return DONE


def timed(frames: Iterator[Frame], rate_hz: float | None) -> Iterator[Timed]:
    """Give each frame its time: evenly at the rate, or by the distance of the stamps."""
    first_ns = None
    for index, frame in enumerate(frames):
        first_ns = frame.stamp_ns if first_ns is None else first_ns
        own_s = (frame.stamp_ns - first_ns) / 1e9
        yield Timed(own_s if rate_hz is None else index / rate_hz, frame)


def _play(node: CameraNode, options: argparse.Namespace) -> None:
    sent, intrinsics, said_s = 0, 'assumed', 0.0
    with open_source(options.input, options.image_topic, options.rate) as source:
        status = {'total': source.frame_count, 'kind': source.kind, 'skipped': 0}
        # Decode the first frame before anyone waits for it: it may be the one that fails.
        frames = timed(iter(source), options.rate)
        upcoming = next(frames)
        if not node.wait_for_subscribers(options.subscribers, options.wait_s):
            raise StepsError(f'nobody subscribed to the image within {options.wait_s:.0f} s')
        begun_s = time.monotonic()
        while upcoming is not None and rclpy.ok():
            begun_s = _wait_until(begun_s, upcoming.due_s)
            if not rclpy.ok():
                break
            node.send(upcoming.frame)
            sent += 1
            intrinsics = 'assumed' if upcoming.frame.camera is None else 'calibrated'
            status |= {'sent': sent, 'intrinsics': intrinsics, 'skipped': len(source.skipped)}
            if time.monotonic() - said_s > STATUS_PERIOD_S:
                write_status(options.status, status)
                said_s = time.monotonic()
            upcoming = next(frames, None)
    if rclpy.ok():
        node.wait_until_received()
    write_status(options.status, {**status, 'done': True})


def _wait_until(begun_s: float, due_s: float) -> float:
    """Sleep until the time is there; return the beginning, later where reading was too slow."""
    while rclpy.ok():
        left_s = begun_s + due_s - time.monotonic()
        if left_s <= 0:
            # Frames that are late must not be sent in a burst to catch up.
            return begun_s - left_s
        time.sleep(min(left_s, SLICE_S))
    return begun_s


def _options(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__)
    parser.add_argument('input', type=Path, help='image, folder, video or bag')
    parser.add_argument('--rate', type=float, help='Hz; the stamps of the input by default')
    parser.add_argument('--image-topic', help='which images of a bag')
    parser.add_argument('--status', type=Path, required=True, help='JSON file to report to')
    parser.add_argument('--subscribers', type=int, default=1, help='how many to wait for')
    parser.add_argument('--wait-s', type=float, default=60.0, help='how long to wait for them')
    return parser.parse_args(remove_ros_args(args)[1:])
