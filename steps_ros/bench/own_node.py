"""
The node's way of a frame inside this process, with somebody subscribed and nobody listening.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import signal
import time
from typing import Any

from steps_ros.core.camera import Camera
from steps_ros.errors import StepsError
from steps_ros.ros import cameras
from steps_ros.ros.cameras import CameraFrame, CameraStream
from steps_ros.ros.image_input import Incoming
from steps_ros.ros.messages import camera_info_message
from steps_ros.ros.model import load_model
from steps_ros.ros.night_depth import NightDepth
from steps_ros.ros.outputs import FRAME_TOPICS
from steps_ros.ros.qos import output_profile
from steps_ros.ros.round_trip import FRAME_ID, image_message, OUTPUTS
from steps_ros.ros.spin import started
from steps_ros.ros.statistics import FrameStatistics

DISCOVERY_LIMIT_S = 20.0

# Takes one frame from message to last publish.
TakeFrame = Callable[[], None]


@contextmanager
def own_node(
    width: int, height: int, transport: str, parameters: Sequence[str] = ()
) -> Iterator[tuple[TakeFrame, FrameStatistics]]:
    """
    Make everything that the active node has for one camera; all is done in the caller's thread.

    :param transport: ``raw`` (bgr8) or ``compressed`` (JPEG).
    :param parameters: of the node, as ``name:=value``.
    :returns: what takes a frame, and its statistics.
    :raises StepsError: a bad parameter, weights that cannot be, or no discovery.
    """
    arguments = [word for parameter in parameters for word in ('-p', parameter)]
    with _former_signals(), started(['own_node', '--ros-args', *arguments]) as keep:
        node = keep(NightDepth())
        model, statistics = load_model(node.settings.value), FrameStatistics()
        stream = CameraStream(node, '', node.settings.of(''), statistics, model, _not_offered)
        _subscribe(node, stream)
        message = image_message(width, height, transport)
        message.header.frame_id, message.header.stamp.sec = FRAME_ID, 1
        info = camera_info_message(message.header, Camera.assumed(width, height))

        def take() -> None:
            message.header.stamp.sec += 1
            frame = Incoming(message, info, time.monotonic())
            # Looked up by name, so that a stopwatch may watch it.
            cameras.process(model, [CameraFrame(stream.pipeline, frame)])

        try:
            yield take, statistics
        finally:
            stream.input.destroy()
            stream.destroy()


@contextmanager
def _former_signals() -> Iterator[None]:
    """Give signals back to whoever had them: a node's end is the end of its process elsewhere."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _subscribe(node: Any, stream: CameraStream) -> None:
    for topic in OUTPUTS:
        node.create_subscription(FRAME_TOPICS[topic], topic, _not_listened, output_profile())
    end_s = time.monotonic() + DISCOVERY_LIMIT_S
    while len(stream.topics.wanted()) < len(OUTPUTS):
        if time.monotonic() > end_s:
            raise StepsError(f'the outputs have no subscribers after {DISCOVERY_LIMIT_S:.0f} s')
        time.sleep(0.05)


def _not_offered(camera: str, frame: CameraFrame) -> None:
    """Take no frame from the topic: nothing publishes on it."""


def _not_listened(message: Any) -> None:
    """Do nothing: nothing spins the node."""
