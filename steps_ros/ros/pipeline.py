"""
One camera's image messages to all wanted outputs, on the worker's thread.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rclpy.logging import LoggingSeverity
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from steps_ros.data.transforms import message_stamp_ns
from steps_ros.errors import StepsError
from steps_ros.inference.prediction import Prediction, Request
from steps_ros.inference.scale.seen import seen
from steps_ros.inference.scale.settings import SILENT
from steps_ros.ros.calibration import Calibration, Sight
from steps_ros.ros.dropped_frame import dropped_words
from steps_ros.ros.image_input import Incoming
from steps_ros.ros.light import LightWatch
from steps_ros.ros.messages import compressed_to_rgb, image_to_rgb
from steps_ros.ros.names import POINTS
from steps_ros.ros.node_settings import Live
from steps_ros.ros.outputs import NEED_CAMERA, NEED_DEPTH, needed_maps, output_size, OutputTopics
from steps_ros.ros.parameters import NightDepthSettings
from steps_ros.ros.rate_limit import RateLimit
from steps_ros.ros.scale import apply_scale, ScaleWatch
from steps_ros.ros.statistics import Drop, FrameStatistics

LOG_PERIOD_S = 5.0


class Prepared(NamedTuple):
    """A frame with what the model is asked for, and how its picture is seen."""

    frame: Incoming
    wanted: frozenset[str]
    request: Request
    sight: Sight


class Watches(NamedTuple):
    """What is followed of one camera from picture to picture."""

    calibration: Calibration
    light: LightWatch
    scale: ScaleWatch


class Pipeline:
    """
    Decodes and publishes, and counts every frame once; between the two the model predicts.

    :param has_depth: whether the model predicts depth.
    """

    def __init__(
        self,
        node: Node,
        topics: OutputTopics,
        settings: Live[NightDepthSettings],
        statistics: FrameStatistics,
        has_depth: bool,
        watches: Watches,
    ) -> None:
        self._node = node
        self._has_depth = has_depth
        self._topics = topics
        self._settings = settings
        self._statistics = statistics
        self._cloud_rate = RateLimit()
        self.calibration, self.light, self.scale = watches

    def prepare(self, frame: Incoming) -> Prepared | None:
        """
        Decode the frame and say what of it is wanted; None, and counted, where nothing is.

        :raises FrameError: the image cannot be used.
        """
        settings = self._settings.value
        wanted = self._topics.wanted()
        if not self._has_depth:
            wanted -= NEED_DEPTH
        if not wanted and not self._topics.is_light_wanted():
            self.drop(frame, Drop.NO_SUBSCRIBER)
            return None
        image = _decode(frame.message)
        sight = self.calibration.of(
            frame.camera_info, (image.shape[1], image.shape[0]), settings.expect_rectified
        )
        image = sight.straightened(image)
        enhancement = self.light.follow(
            image, _stamp_s(frame), settings.light, settings.cloud.bonnet
        )
        size = output_size(image.shape[0], image.shape[1], settings.output.max_width)
        if not wanted:
            self.drop(frame, Drop.NO_SUBSCRIBER)
            return None
        if sight.camera is None:
            wanted -= NEED_CAMERA
        if not wanted:
            self.drop(frame, Drop.NO_CALIBRATION)
            return None
        wanted = self._within_rate(wanted, _stamp_s(frame), settings.cloud.max_rate_hz)
        if not wanted:
            self.drop(frame, Drop.RATE_LIMIT)
            return None
        maps = needed_maps(wanted, settings)
        request = Request(image, maps, size, sight.camera, enhancement)
        return Prepared(frame, wanted, request, sight)

    def publish(self, prepared: Prepared, prediction: Prediction, predict_s: float) -> None:
        """
        Publish what is wanted of a frame.

        :param predict_s: seconds that prediction took, for all cameras together.
        """
        settings, wanted = self._settings.value, prepared.wanted
        prepared.sight.blank(prediction)
        if prediction.depth is not None:
            wanted = self._scaled(prepared, prediction.depth)
            if not wanted:
                self.drop(prepared.frame, Drop.NO_SCALE)
                return
        height, width = prepared.request.output_size or prepared.request.image.shape[:2]
        camera = prepared.request.camera
        shown = None if camera is None else camera.resized(width, height)
        header = prepared.frame.message.header
        self._topics.publish(header, wanted, prediction, shown, settings)
        self._count(prepared.frame, prediction.network_s, predict_s)

    def _scaled(self, prepared: Prepared, depth: NDArray[np.float32]) -> frozenset[str]:
        """Follow the scale, apply it to depth in place; return what may be published."""
        settings, wanted = self._settings.value.scale, prepared.wanted
        camera = prepared.request.camera
        view = None
        if camera is not None and self.scale.is_measured:
            message = prepared.frame.message
            stamp_ns = message_stamp_ns(message)
            view = seen(prepared.request.image, depth, camera, stamp_ns, message.header.frame_id)
        state = self.scale.follow(view, camera, settings, self.light.shows_nothing)
        apply_scale(depth, state, settings)
        is_silent = settings.when_unhealthy == SILENT and not state.is_metric
        return wanted - NEED_DEPTH if is_silent else wanted

    def _within_rate(
        self, wanted: frozenset[str], stamp_s: float, rate_hz: float
    ) -> frozenset[str]:
        """Return the wanted topics without the cloud where it would come too soon."""
        if POINTS in wanted and not self._cloud_rate.allows(stamp_s, rate_hz):
            return wanted - {POINTS}
        return wanted

    def drop(self, frame: Incoming, reason: str, problem: str = '') -> None:
        """Count a frame that does not come out, and name it in the log where that is wanted."""
        self._statistics.count_dropped(reason, problem)
        logger = self._node.get_logger()
        if self._node.context.ok() and logger.is_enabled_for(LoggingSeverity.DEBUG):
            logger.debug(dropped_words(frame.message.header, reason))

    def failed(self, frame: Incoming, error: Exception) -> None:
        """Count a frame that could not be used, and log why, once in a while."""
        is_bad_frame = isinstance(error, StepsError)
        said = str(error) if is_bad_frame else f'{type(error).__name__}: {error}'
        problem = ' '.join(said.split())
        self.drop(frame, Drop.BAD_FRAME if is_bad_frame else Drop.FAILED, problem)
        if self._node.context.ok():
            self._node.get_logger().warning(
                f'frame dropped: {problem}', throttle_duration_sec=LOG_PERIOD_S
            )

    def _count(self, frame: Incoming, network_s: float, predict_s: float) -> None:
        node_s = time.monotonic() - frame.entered_s
        now_ns = self._node.get_clock().now().nanoseconds
        stamp_ns = message_stamp_ns(frame.message)
        # A driver that leaves the stamp at zero, or below, says nothing about latency.
        latency_ms = (now_ns - stamp_ns) / 1e6 if stamp_ns > 0 else -1.0
        times_ms = (1e3 * taken for taken in (network_s, node_s - network_s, predict_s))
        self._statistics.count_published(latency_ms, *times_ms)


def _stamp_s(frame: Incoming) -> float:
    """Return the time of the image, or of its arrival where the driver leaves the stamp at 0."""
    stamp = frame.message.header.stamp
    return float(stamp.sec + 1e-9 * stamp.nanosec) or frame.entered_s


def _decode(message: Image | CompressedImage) -> NDArray[np.uint8]:
    if isinstance(message, CompressedImage):
        return compressed_to_rgb(message)
    return image_to_rgb(message)
