"""
A camera and a listener in one process: sends an image to a node and waits for all four outputs.

The next image goes only when the outputs of the last one are there, so that nothing queues and
each time is that of one frame. Several nodes take turns on the same images, or one, two or more
cameras of one node. With ``--stream HZ`` images are sent like those of a camera that is faster
than the node, so that it always has work, and frames that come back are counted by second.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
import time
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Header

from steps_ros.core.camera import Camera
from steps_ros.errors import OutputError, StepsError
from steps_ros.ros import messages
from steps_ros.ros.image_input import CAMERA_INFO, COMPRESSED, IMAGE
from steps_ros.ros.names import (
    camera_names,
    camera_topic,
    CONFIDENCE,
    DEPTH,
    DIAGNOSTICS,
    ENHANCED,
    NODE,
    POINTS,
    ROUND_TRIP,
)
from steps_ros.ros.qos import input_profile, output_profile, RELIABLE
from steps_ros.ros.spin import DONE, FAILED, started
from steps_ros.ros.status_file import write_status

FRAME_ID = 'camera_optical_frame'
OUTPUTS = {ENHANCED: Image, DEPTH: Image, CONFIDENCE: Image, POINTS: PointCloud2}
# A node that is still starting does not answer; it is asked again.
PATIENCE_S, START_LIMIT_S, FRAME_LIMIT_S, REPORT_LIMIT_S = 1.0, 120.0, 30.0, 5.0
WARM_UP = 3
STREAM_LEAD_S = 1.0


class Way(Node):
    """Images to one node and its outputs back."""

    def __init__(
        self, target: str, width: int, height: int, transport: str, cameras: Sequence[str] = ('',)
    ) -> None:
        """
        Create the topics.

        :param target: name of the node.
        :param transport: ``raw`` or ``compressed``.
        :param cameras: that the node has; one without a name where it has but one.
        """
        super().__init__(f'{ROUND_TRIP}_to_{target}')
        self.arrived: set[tuple[str, str]] = set()
        self.counts: Counter[tuple[str, str]] = Counter()
        self._awaited = 0
        self._stamp: Any = None
        self._message = image_message(width, height, transport)
        header = Header(frame_id=FRAME_ID)
        self._info = messages.camera_info_message(header, Camera.assumed(width, height))

        def name(topic: str, camera: str) -> str:
            return camera_topic(topic, camera).replace('~', f'/{target}', 1)

        topic, kind = COMPRESSED if transport == 'compressed' else IMAGE, type(self._message)
        self._images, self._infos = (
            [self.create_publisher(kind, name(topic, each), output_profile()) for each in cameras]
            for topic, kind in ((topic, kind), (CAMERA_INFO, CameraInfo))
        )
        for camera in cameras:
            for output, kind in OUTPUTS.items():
                self.create_subscription(
                    kind,
                    name(output, camera),
                    self._noting((camera, output)),
                    input_profile(RELIABLE),
                )

    def send(self, cameras: int | None = None) -> None:
        """
        Publish the image with the stamp of now; outputs of earlier ones do not count.

        :param cameras: the first so many send it, None: all.
        """
        self.arrived.clear()
        self._stamp = self.get_clock().now().to_msg()
        header = Header(stamp=self._stamp, frame_id=FRAME_ID)
        self._message.header = header
        senders = self._images[:cameras]
        self._awaited = len(senders) * len(OUTPUTS)
        for sender in senders:
            sender.publish(self._message)

    def send_info(self) -> None:
        """Publish the calibration."""
        for sender in self._infos:
            sender.publish(self._info)

    def is_back(self) -> bool:
        """Say whether all outputs of the last image are here."""
        return len(self.arrived) == self._awaited

    def frames(self) -> int:
        """Return how many frames of one camera are here with all outputs."""
        return min(self.counts['', output] for output in OUTPUTS)

    def _noting(self, origin: tuple[str, str]) -> Callable[[Any], None]:
        def note(message: Any) -> None:
            self.counts[origin] += 1
            if message.header.stamp == self._stamp:
                self.arrived.add(origin)

        return note


class Trips:
    """Round trips to all targets, in one executor."""

    def __init__(self, ways: dict[str, Way]) -> None:
        self._ways = ways
        self._executor = SingleThreadedExecutor()
        self.reports: dict[str, dict[str, str]] = {}
        for way in ways.values():
            self._executor.add_node(way)
        listener = next(iter(ways.values()))
        listener.create_subscription(DiagnosticArray, DIAGNOSTICS, self._note_report, 10)

    def start(self, target: str) -> None:
        """
        Send until the target answers, and then some more.

        :raises StepsError: it does not within two minutes.
        """
        way, end_s = self._ways[target], time.monotonic() + START_LIMIT_S
        for _ in range(WARM_UP):
            way.send_info()
            way.send()
            while not self._wait(way.is_back, PATIENCE_S):
                if time.monotonic() > end_s:
                    raise StepsError(f'{target} sent no outputs within {START_LIMIT_S:.0f} s')
                way.send_info()
                way.send()

    def take(self, target: str, cameras: int | None = None) -> float:
        """
        Return the seconds from sending an image to the last of its outputs.

        :param cameras: the first so many send one at once, None: all.
        :raises StepsError: they do not come.
        """
        way, begun_s = self._ways[target], time.perf_counter()
        way.send(cameras)
        if not self._wait(way.is_back, FRAME_LIMIT_S):
            missing = ', '.join(sorted(set(OUTPUTS) - {output for _, output in way.arrived}))
            raise StepsError(
                f'{target} did not send {missing or "all outputs"} within {FRAME_LIMIT_S:.0f} s'
            )
        return time.perf_counter() - begun_s

    def frames_per_s(self, target: str, count: int, rate_hz: float) -> float:
        """Return the rate at which frames come back of so many that a camera sends."""
        way = self._ways[target]
        way.counts.clear()
        # Until the first ones are back.
        self._stream(way, int(rate_hz * STREAM_LEAD_S), rate_hz)
        before, begun_s = way.frames(), time.monotonic()
        self._stream(way, count, rate_hz)
        return (way.frames() - before) / (time.monotonic() - begun_s)

    def _stream(self, way: Way, count: int, rate_hz: float) -> None:
        begun_s = time.monotonic()
        for number in range(1, count + 1):
            way.send()
            self._wait(lambda: False, begun_s + number / rate_hz - time.monotonic())

    def report(self) -> dict[str, dict[str, str]]:
        """Return what the node says of itself next, by subject."""
        self.reports.clear()
        self._wait(lambda: len(self.reports) > 2, REPORT_LIMIT_S)
        return self.reports

    def _note_report(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            self.reports[status.name.removeprefix(f'{NODE}: ')] = values

    def _wait(self, is_over: Callable[[], bool], limit_s: float) -> bool:
        end_s = time.monotonic() + limit_s
        while not is_over():
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return False
            self._executor.spin_once(timeout_sec=left_s)
        return True


def image_message(width: int, height: int, transport: str) -> Any:
    """Return a picture as bgr8, or as JPEG where the transport is compressed."""
    coarse = np.random.default_rng(0).integers(0, 120, (12, 20, 3), np.uint8)
    picture = np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8
    )
    if transport == 'compressed':
        content = cv2.imencode('.jpg', picture)[1].tobytes()
        return CompressedImage(format='jpeg', data=content)
    message = messages.rgb_message(Header(), picture)
    message.encoding = 'bgr8'
    return message


def main(args: Sequence[str] | None = None) -> int:
    """Take the rounds and write the times to the status file; 1 where a node does not answer."""
    options = _options(args)
    targets = options.targets
    try:
        with started(args) as keep:
            size = options.width, options.height, options.transport
            cameras = camera_names(max(options.cameras))
            trips = Trips({target: keep(Way(target, *size, cameras)) for target in targets})
            for target in targets:
                trips.start(target)
            if options.stream:
                sent = options.rounds, options.stream
                rates = {target: trips.frames_per_s(target, *sent) for target in targets}
                write_status(options.status, {'frames_per_s': rates, 'done': True})
                return DONE
            seconds = _rounds(trips, options)
            report = trips.report() if NODE in targets else {}
            values = {'seconds': seconds, 'report': report, 'done': True}
            write_status(options.status, values)
    except StepsError as error:
        # On a full disk that fails too, and the log has to do.
        with suppress(OutputError):
            write_status(options.status, {'problem': str(error), 'done': True})
        return FAILED
    return DONE


def _rounds(trips: Trips, options: argparse.Namespace) -> dict[str, list[float]]:
    """Return the seconds by target, or by number of cameras of the one target."""
    subjects: dict[str, Callable[[], float]] = {
        target: partial(trips.take, target) for target in options.targets
    }
    if len(options.cameras) > 1:
        only = options.targets[0]
        subjects = {str(count): partial(trips.take, only, count) for count in options.cameras}
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(options.rounds):
        order = [*subjects.items()]
        for name, take in order if number % 2 == 0 else reversed(order):
            seconds[name].append(take())
        write_status(options.status, {'rounds': number + 1})
    return seconds


def _options(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=ROUND_TRIP, description=__doc__)
    parser.add_argument('targets', nargs='+', help='names of the nodes')
    parser.add_argument('--width', type=int, required=True, help='of the images')
    parser.add_argument('--height', type=int, required=True, help='of the images')
    parser.add_argument('--transport', default='raw', help='raw or compressed')
    parser.add_argument('--rounds', type=int, required=True, help='images to each node')
    parser.add_argument(
        '--cameras', type=int, nargs='+', default=[1], help='so many send at once, by turns'
    )
    parser.add_argument('--stream', type=float, metavar='HZ', help='send them at this rate')
    parser.add_argument('--status', type=Path, required=True, help='JSON file to report to')
    return parser.parse_args(remove_ros_args(args)[1:])
