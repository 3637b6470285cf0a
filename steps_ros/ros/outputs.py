"""
The topics that the node publishes for each frame, and nothing that nobody listens to.
"""

from __future__ import annotations

from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header

from steps_ros.core.camera import Camera
from steps_ros.inference.bands import bands
from steps_ros.inference.cloud import organised_cloud
from steps_ros.inference.cloud_buffers import CloudBuffers
from steps_ros.inference.colour import colour_depth
from steps_ros.inference.prediction import Outputs, Prediction
from steps_ros.ros import messages
from steps_ros.ros.names import (
    CAMERA_INFO,
    camera_topic,
    CONFIDENCE,
    DEPTH,
    DEPTH_COLORED,
    ENHANCED,
    LIGHT,
    POINTS,
    SCALE,
)
from steps_ros.ros.parameters import NightDepthSettings
from steps_ros.ros.qos import latched_profile, output_profile, overridable

FRAME_TOPICS: dict[str, type] = {
    ENHANCED: Image,
    DEPTH: Image,
    CAMERA_INFO: CameraInfo,
    CONFIDENCE: Image,
    POINTS: PointCloud2,
    DEPTH_COLORED: Image,
}
NEED_DEPTH = frozenset({DEPTH, POINTS, DEPTH_COLORED})
NEED_CAMERA = frozenset({CAMERA_INFO, POINTS})


class OutputTopics:
    """Publishers of a camera's outputs; ``publish`` may be called from the worker's thread."""

    def __init__(self, node: Node, camera: str) -> None:
        """
        Create the publishers.

        :param camera: its name, empty where the node has one camera.
        """
        self._node = node
        self._cloud = CloudBuffers()
        self._publishers = {
            topic: node.create_publisher(
                kind,
                camera_topic(topic, camera),
                output_profile(),
                qos_overriding_options=overridable(),
            )
            for topic, kind in FRAME_TOPICS.items()
        }
        self._scale, self._light = (
            node.create_publisher(
                DiagnosticStatus,
                camera_topic(topic, camera),
                latched_profile(),
                qos_overriding_options=overridable(),
            )
            for topic in (SCALE, LIGHT)
        )

    def wanted(self) -> frozenset[str]:
        """Return the topics that have a subscriber."""
        return frozenset(
            topic
            for topic, publisher in self._publishers.items()
            if publisher.get_subscription_count() > 0
        )

    def publish(
        self,
        header: Header,
        wanted: frozenset[str],
        prediction: Prediction,
        camera: Camera | None,
        settings: NightDepthSettings,
    ) -> None:
        """
        Publish the wanted topics, all with this header.

        :param prediction: at output size; its depth is changed: unknown to NaN, far to +Inf.
        :param camera: of the outputs; None only where no wanted topic needs it.
        """
        depth = prediction.depth
        if depth is not None:
            mark_range(depth, settings.max_range)
        for topic in FRAME_TOPICS:
            if topic in wanted:
                message = self._message(topic, header, prediction, camera, settings)
                self._publishers[topic].publish(message)

    def _message(
        self,
        topic: str,
        header: Header,
        prediction: Prediction,
        camera: Camera | None,
        settings: NightDepthSettings,
    ) -> Any:
        if topic == ENHANCED:
            return messages.rgb_message(header, prediction.enhanced)
        if topic == DEPTH:
            return messages.float_message(header, prediction.depth)
        if topic == CONFIDENCE:
            return messages.float_message(header, prediction.confidence)
        if topic == DEPTH_COLORED:
            colour = settings.colour
            painted = colour_depth(prediction.depth, colour.nearest, colour.farthest)
            return messages.rgb_message(header, painted)
        assert camera is not None
        if topic == CAMERA_INFO:
            return messages.camera_info_message(header, camera)
        cloud = organised_cloud(
            prediction.depth,
            camera,
            prediction.enhanced,
            prediction.confidence,
            settings.cloud,
            self._cloud,
        )
        return messages.cloud_message(header, cloud)

    def publish_scale(self, status: DiagnosticStatus) -> None:
        """Publish what the unit of depth is."""
        self._scale.publish(status)

    def publish_light(self, status: DiagnosticStatus) -> None:
        """Publish what the light is; may be called from any thread."""
        self._light.publish(status)

    def is_light_wanted(self) -> bool:
        """Say whether anybody listens to the light."""
        return bool(self._light.get_subscription_count() > 0)

    def destroy(self) -> None:
        """Take the topics away."""
        for publisher in (*self._publishers.values(), self._scale, self._light):
            self._node.destroy_publisher(publisher)


def needed_maps(wanted: frozenset[str], settings: NightDepthSettings) -> Outputs:
    """Return which maps have to be computed for these topics."""
    is_cloud_confident = POINTS in wanted and settings.cloud.min_confidence > 0
    return Outputs(
        enhanced=bool(wanted & {ENHANCED, POINTS}),
        depth=bool(wanted & NEED_DEPTH),
        confidence=CONFIDENCE in wanted or is_cloud_confident,
    )


def output_size(height: int, width: int, max_width: int) -> tuple[int, int]:
    """Return (height, width) of the outputs, with the aspect of the input."""
    if not max_width or width <= max_width:
        return height, width
    return max(1, round(height * max_width / width)), max_width


def mark_range(depth: NDArray[np.float32], max_range: float) -> None:
    """Write NaN where depth is not positive and +Inf at or beyond the range, in place."""
    for rows in bands(depth.shape[0]):
        here = depth[rows]
        # Nearly always all is positive, and the least of values with a NaN among them is NaN.
        if not here.min() > 0:
            np.copyto(here, np.nan, where=~(here > 0))
        np.copyto(here, np.inf, where=here >= max_range)
