"""
One image message to all wanted outputs, on the worker's thread.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage, Image

from steps_ros.core.camera import Camera
from steps_ros.data.cameras import camera_from_info
from steps_ros.data.transforms import message_stamp_ns
from steps_ros.errors import FrameError, StepsError
from steps_ros.inference.scale.seen import seen
from steps_ros.inference.scale.settings import SILENT
from steps_ros.ros.image_input import Incoming
from steps_ros.ros.light import LightWatch
from steps_ros.ros.messages import compressed_to_rgb, image_to_rgb
from steps_ros.ros.model import Model
from steps_ros.ros.names import POINTS
from steps_ros.ros.outputs import NEED_CAMERA, NEED_DEPTH, needed_maps, output_size, OutputTopics
from steps_ros.ros.parameters import NightDepthSettings, NodeSettings
from steps_ros.ros.rate_limit import RateLimit
from steps_ros.ros.scale import apply_scale, Measure, ScaleWatch
from steps_ros.ros.statistics import Drop, FrameStatistics

LOG_PERIOD_S = 5.0
CALIBRATED = 'calibrated'
NO_CAMERA_INFO = 'no camera_info received: depth without cloud'
UNCALIBRATED = 'camera_info has K[0] = 0: depth without cloud; calibrate the camera'


class Pipeline:
    """Decodes, predicts and publishes, and counts every frame once."""

    def __init__(
        self,
        node: Node,
        model: Model,
        topics: OutputTopics,
        settings: NodeSettings[NightDepthSettings],
        statistics: FrameStatistics,
        measure: Measure | None = None,
    ) -> None:
        """
        Start without a frame.

        :param measure: the scale in frames, None where it is not measured.
        """
        self._node = node
        self._model = model
        self._topics = topics
        self._settings = settings
        self._statistics = statistics
        self._cloud_rate = RateLimit()
        self.calibration = NO_CAMERA_INFO
        name = node.get_fully_qualified_name().lstrip('/')
        self.light = LightWatch(name, topics.publish_light)
        self.scale = ScaleWatch(name, measure, topics.publish_scale, settings.value.scale)

    def process(self, frame: Incoming) -> None:
        """
        Publish what is wanted of the frame.

        :raises FrameError: the image or its camera_info cannot be used.
        """
        settings = self._settings.value
        wanted = self._topics.wanted()
        if not self._model.has_depth:
            wanted -= NEED_DEPTH
        if not wanted and not self._topics.is_light_wanted():
            self._statistics.count_dropped(Drop.NO_SUBSCRIBER)
            return
        image = _decode(frame.message)
        enhancement = self.light.follow(image, _stamp_s(frame), settings.light)
        height, width = output_size(image.shape[0], image.shape[1], settings.output.max_width)
        camera = self._camera_of(frame, image.shape[0], image.shape[1])
        if camera is None:
            wanted -= NEED_CAMERA
        if not wanted:
            self._statistics.count_dropped(Drop.NO_SUBSCRIBER)
            return
        wanted = self._within_rate(wanted, _stamp_s(frame), settings.cloud.max_rate_hz)
        if not wanted:
            self._statistics.count_dropped(Drop.RATE_LIMIT)
            return
        begun = time.monotonic()
        maps = needed_maps(wanted, settings)
        prediction = self._model.predict(image, maps, (height, width), camera, enhancement)
        model_s = time.monotonic() - begun
        if prediction.depth is not None:
            wanted = self._scaled(frame, image, prediction.depth, camera, wanted)
            if not wanted:
                self._statistics.count_dropped(Drop.NO_SCALE)
                return
        shown = None if camera is None else camera.resized(width, height)
        self._topics.publish(frame.message.header, wanted, prediction, shown, settings)
        self._count(frame, model_s)

    def _scaled(
        self,
        frame: Incoming,
        image: NDArray[np.uint8],
        depth: NDArray[np.float32],
        camera: Camera | None,
        wanted: frozenset[str],
    ) -> frozenset[str]:
        """Follow the scale, apply it to depth in place; return what may be published."""
        settings = self._settings.value.scale
        view = None
        if camera is not None and self.scale.is_measured:
            header = frame.message.header
            stamp_ns = message_stamp_ns(frame.message)
            view = seen(image, depth, camera, stamp_ns, header.frame_id)
        state = self.scale.follow(view, settings)
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

    def superseded(self, frame: Incoming) -> None:
        """Count a frame that a newer one replaced."""
        self._statistics.count_dropped(Drop.SUPERSEDED)

    def failed(self, frame: Incoming, error: Exception) -> None:
        """Count a frame that could not be used, and log why, once in a while."""
        is_bad_frame = isinstance(error, StepsError)
        problem = str(error) if is_bad_frame else f'{type(error).__name__}: {error}'
        self._statistics.count_dropped(
            Drop.BAD_FRAME if is_bad_frame else Drop.FAILED, ' '.join(problem.split())
        )
        if self._node.context.ok():
            self._node.get_logger().warning(
                f'frame dropped: {problem}', throttle_duration_sec=LOG_PERIOD_S
            )

    def _camera_of(self, frame: Incoming, height: int, width: int) -> Camera | None:
        """Return the camera of the image, None where it has none; remember the reason."""
        info = frame.camera_info
        if info is None:
            self.calibration = NO_CAMERA_INFO
            return None
        try:
            camera = camera_from_info(info)
        except FrameError as error:
            self.calibration = str(error)
            raise
        if camera is None:
            self.calibration = UNCALIBRATED
        elif not camera.fits(width, height):
            self.calibration = (
                f'camera_info is of {camera.width}x{camera.height}, the image {width}x{height}: '
                'depth without cloud; publish the camera_info of this image'
            )
        else:
            self.calibration = CALIBRATED
            return camera.resized(width, height)
        return None

    def _count(self, frame: Incoming, model_s: float) -> None:
        node_s = time.monotonic() - frame.entered_s
        now = self._node.get_clock().now()
        stamp = Time.from_msg(frame.message.header.stamp, clock_type=now.clock_type)
        # A driver that leaves the stamp at zero says nothing about latency.
        latency_ms = (now - stamp).nanoseconds / 1e6 if stamp.nanoseconds else -1.0
        self._statistics.count_published(latency_ms, model_s * 1e3, (node_s - model_s) * 1e3)


def _stamp_s(frame: Incoming) -> float:
    """Return the time of the image, or of its arrival where the driver leaves the stamp at 0."""
    stamp = frame.message.header.stamp
    return float(stamp.sec + 1e-9 * stamp.nanosec) or frame.entered_s


def _decode(message: Image | CompressedImage) -> NDArray[np.uint8]:
    if isinstance(message, CompressedImage):
        return compressed_to_rgb(message)
    return image_to_rgb(message)
