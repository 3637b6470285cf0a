"""
The cameras of a soak: good and bad frames of all of them, at a rate that the node can hold.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
import time
from typing import Any

from rcl_interfaces.srv import GetParameters
import rclpy
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.utilities import remove_ros_args
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from steps_ros.ros.image_input import CAMERA_INFO, COMPRESSED, IMAGE
from steps_ros.ros.live_run import frame_id_of
from steps_ros.ros.messages import time_message
from steps_ros.ros.names import CAMERA_INFO as OUTPUT_INFO
from steps_ros.ros.names import camera_topic, CLOCK, NODE, of_node, SOAK_CAMERA
from steps_ros.ros.qos import input_profile, RELIABLE
from steps_ros.ros.soak_frames import SoakPictures
from steps_ros.ros.soak_pace import Pace
from steps_ros.ros.soak_plan import (
    CAMERAS,
    ENDS,
    frame_of,
    GOOD,
    is_hurried,
    is_pause,
    number_of,
    OUT,
    RAW,
    SoakCamera,
    SoakFrame,
    TICK,
    UNSURE,
)
from steps_ros.ros.spin import DONE, started
from steps_ros.ros.status_file import write_status

STATUS_PERIOD_S = 0.5
KEEP_LAST = 50
ACKNOWLEDGE_S, ANSWER_S, CONNECT_S, SETTLE_S, PROBE_LIMIT_S = 5.0, 20.0, 60.0, 0.5, 20.0
# Longer than image_timeout_s.
PAUSE_S = 3.0


class CameraNode(Node):
    """All cameras, the clock of their bag, and word of the outputs."""

    def __init__(self, widest: int) -> None:
        """Create the topics."""
        super().__init__(SOAK_CAMERA)
        self._pictures = SoakPictures(widest)
        self._clock_topic = self.create_publisher(Clock, CLOCK, QoSProfile(depth=1))
        self._settings = self.create_client(GetParameters, f'/{NODE}/get_parameters')
        self._infos = {c.name: self._publisher(CameraInfo, CAMERA_INFO, c) for c in CAMERAS}
        self._images = {c.name: self._images_of(c) for c in CAMERAS}
        self._calibrations: dict[str, str] = {}
        self.latest = dict.fromkeys(self._images, -1)
        self._words = [of_node(camera_topic(OUTPUT_INFO, camera.name)) for camera in CAMERAS]
        profile = input_profile(RELIABLE, KEEP_LAST)
        for camera, topic in zip(CAMERAS, self._words, strict=True):
            noting = self._noting(camera.name)
            self.create_subscription(CameraInfo, topic, noting, profile, raw=True)

    def is_connected(self) -> bool:
        """Say whether the node listens to all cameras, and is known to give word."""
        topics = (*self._images.values(), *self._infos.values())
        is_heard = all(topic.get_subscription_count() for topic in topics)
        is_answering = self._settings.service_is_ready()
        return is_heard and is_answering and all(map(self.count_publishers, self._words))

    def send(self, frame: SoakFrame, settle: Callable[[], None]) -> None:
        """
        Publish the time, the camera_info and the image of a frame.

        :param settle: returns when the node has taken in what was sent; called around a
            camera_info that says something else than the one before, so that it is known which
            images it is for.
        """
        info, image = self._pictures.messages(frame)
        self._clock_topic.publish(Clock(clock=time_message(frame.time_ns)))
        is_other = self._calibrations.get(frame.camera.name) != frame.calibration
        self._calibrations[frame.camera.name] = frame.calibration
        if is_other:
            settle()
        if info is not None:
            self._infos[frame.camera.name].publish(info)
        if is_other:
            settle()
        self._images[frame.camera.name].publish(image)

    def question(self) -> Callable[[], bool]:
        """Ask the node something, and return what says whether it has answered."""
        return self._settings.call_async(GetParameters.Request(names=['cameras'])).done

    def is_out(self, frames: Iterable[SoakFrame]) -> bool:
        """Say whether all outputs of those that must have them, or of later ones, have come."""
        whole = (frame for frame in frames if ENDS[frame.kind] in ((OUT,), (UNSURE,)))
        return all(self.latest[frame.camera.name] >= frame.number for frame in whole)

    def wait_until_received(self) -> None:
        """Wait, for a limited time, until the node has what was sent."""
        for topic in self._images.values():
            topic.wait_for_all_acked(Duration(seconds=ACKNOWLEDGE_S))

    def _images_of(self, camera: SoakCamera) -> Any:
        if camera.transport == RAW:
            return self._publisher(Image, IMAGE, camera)
        return self._publisher(CompressedImage, COMPRESSED, camera)

    def _publisher(self, kind: type, topic: str, camera: SoakCamera) -> Any:
        name = of_node(camera_topic(topic, camera.name))
        return self.create_publisher(kind, name, input_profile(RELIABLE, KEEP_LAST))

    def _noting(self, camera: str) -> Callable[[bytes], None]:
        def note(content: bytes) -> None:
            self.latest[camera] = max(self.latest[camera], number_of(frame_id_of(content)))

        return note


class Shift:
    """Sends the frames from one number to another; ``status`` says how far it is."""

    def __init__(self, node: CameraNode, options: argparse.Namespace) -> None:
        """Remember what to do."""
        self._node, self._options = node, options
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._pace = Pace(options.period_s)
        self._before: list[SoakFrame] = []
        self._said_s = 0.0
        self.status: dict[str, Any] = {
            'sent': options.first, 'period_s': options.period_s, 'pauses': 0, 'hurried': 0,
        }  # fmt: skip

    def run(self) -> None:
        """Wait for the node, then send until the end or the shutdown."""
        if not self._wait(self._node.is_connected, CONNECT_S):
            self.status['problem'] = f'the node did not subscribe within {CONNECT_S:.0f} s'
            return
        # What is known here may not be known there yet.
        self._wait(lambda: False, SETTLE_S)
        due_s = time.monotonic()
        for first in range(self._options.first, self._options.last, TICK):
            numbers = range(first, min(first + TICK, self._options.last))
            due_s = self._take(numbers, due_s)
            if not rclpy.ok():
                return

    def _take(self, numbers: range, due_s: float) -> float:
        """Send the frames of one tick when they are due; return when the next ones are."""
        self._wait(lambda: False, due_s - time.monotonic())
        if not rclpy.ok():
            return due_s
        tick = numbers[0] // TICK
        # What is sent in a burst is late of necessity.
        if not self._pace.is_probing and self._before and not is_hurried(tick - 1):
            self._pace.judge(not self._node.is_out(self._before))
        frames = [frame_of(number) for number in numbers]
        # A bad frame that the next one supersedes shows nothing: it is given its time.
        if any(frame.kind != GOOD for frame in (*self._before, *frames)):
            self._wait(lambda: self._node.is_out(self._before), PROBE_LIMIT_S)
        self._before = frames
        begun_s = time.monotonic()
        for frame in self._before:
            self._node.send(frame, self._settle)
            self.status['sent'] = frame.number + 1
        if self._pace.is_probing:
            self._wait(lambda: self._node.is_out(self._before), PROBE_LIMIT_S)
            self._pace.probed(time.monotonic() - begun_s)
            return due_s
        self._say()
        # What is late must not be made up for.
        return max(due_s, begun_s) + self._gap_s(tick)

    def _gap_s(self, tick: int) -> float:
        """Return the time from this tick to the next, seconds."""
        if is_hurried(tick):
            self.status['hurried'] += 1
            return 0.0
        if is_pause(tick):
            self.status['pauses'] += 1
            return self._pace.period_s + PAUSE_S
        return self._pace.period_s

    def _settle(self) -> None:
        """Wait until the node has taken in what was sent; it answers after what came before."""
        self._wait(self._node.question(), ANSWER_S)

    def _wait(self, is_over: Callable[[], bool], limit_s: float) -> bool:
        """Take in outputs until it is over; False after the limit or at the shutdown."""
        end_s = time.monotonic() + limit_s
        while rclpy.ok():
            if is_over():
                return True
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return False
            self._executor.spin_once(timeout_sec=min(left_s, 0.1))
        return False

    def _say(self) -> None:
        if not self._pace.is_probing:
            self.status['period_s'] = self._pace.period_s
        if time.monotonic() - self._said_s > STATUS_PERIOD_S:
            write_status(self._options.status, self.status)
            self._said_s = time.monotonic()


def main(args: Sequence[str] | None = None) -> int:
    """Send the frames and tell how far it came, after Ctrl-C too."""
    options = _options(args)
    with started(args) as keep:
        node = keep(CameraNode(options.widest))
        shift = Shift(node, options)
        try:
            shift.run()
            if rclpy.ok():
                node.wait_until_received()
        finally:
            write_status(options.status, {**shift.status, 'done': True})
    return DONE


def _options(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=SOAK_CAMERA, description=__doc__)
    parser.add_argument('--first', type=int, required=True, help='number of the first frame')
    parser.add_argument('--last', type=int, required=True, help='number after the last frame')
    parser.add_argument('--widest', type=int, required=True, help='of the pictures, pixels')
    parser.add_argument('--period-s', type=float, help='from tick to tick; default: measured')
    parser.add_argument('--status', type=Path, required=True, help='JSON file to report to')
    return parser.parse_args(remove_ros_args(args)[1:])
