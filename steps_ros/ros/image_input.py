"""
The camera's topics: images as they come, the latest camera_info, and who publishes them.
"""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any, NamedTuple

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from steps_ros.ros import qos
from steps_ros.ros.names import camera_topic

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

IMAGE = '~/input/image'
COMPRESSED = '~/input/image/compressed'
CAMERA_INFO = '~/input/camera_info'
_COMPRESSED_END = '/compressed'


class Incoming(NamedTuple):
    """An image message, the camera_info that was latest then, and when the callback began."""

    message: Image | CompressedImage
    camera_info: CameraInfo | None
    entered_s: float


class InputState(NamedTuple):
    """What is known of the image topic's publishers."""

    topic: str
    publisher_count: int
    reliability: str
    hint: str


class InfoState(NamedTuple):
    """
    What is known of the camera_info topic's publishers.

    ``hint`` says why none has come, and the remedy; empty where one has.
    """

    topic: str
    publisher_count: int
    hint: str


def image_topic(node: Node, camera: str, transport: str) -> str:
    """Return the topic that a camera's images come from, after remapping."""
    return str(node.resolve_topic_name(_image_topic(camera, transport)))


def _image_topic(camera: str, transport: str) -> str:
    return camera_topic(COMPRESSED if transport == 'compressed' else IMAGE, camera)


class ImageInput:
    """
    Subscriptions to the image and the camera_info of one camera.

    Create, :meth:`watch` and :meth:`destroy` it in the executor's thread.
    """

    def __init__(
        self,
        node: Node,
        camera: str,
        transport: str,
        reliability: str,
        received: Callable[[Incoming], None],
    ) -> None:
        """
        Subscribe.

        :param camera: its name, empty where the node has one camera.
        :param transport: ``raw`` or ``compressed``.
        :param reliability: ``auto``, ``reliable`` or ``best_effort``.
        :param received: called for every image; must only store it.
        """
        self._node = node
        # One of several cameras has parameters of its own, which the others need not share.
        self._own = f'{camera}.' if camera else ''
        self._received = received
        self._kind = CompressedImage if transport == 'compressed' else Image
        self._topic = _image_topic(camera, transport)
        self._info_topic = camera_topic(CAMERA_INFO, camera)
        self._wanted = qos.wanted_reliability(node, self._topic, reliability)
        self._camera_info: CameraInfo | None = None
        self._reliability = self._fitting()
        self._images = self._subscribe()
        self._is_latched = self._has_latched_info()
        self._infos = self._subscribe_info()

    @property
    def state(self) -> InputState:
        """Look at the publishers as they are now."""
        offered = qos.offered_reliabilities(self._node, self._topic, self._kind)
        fits = (
            self._reliability == qos.BEST_EFFORT or qos.fitting_reliability(offered) == 'reliable'
        )
        topic = self._node.resolve_topic_name(self._topic)
        hint = ''
        if not offered:
            hint = self._what_is_there(topic)
        elif not fits:
            own = f'{self._own}input_reliability'
            parameter = qos.deciding_parameter(self._node, self._topic, own)
            hint = (
                f'a publisher of {topic} has an incompatible quality of service: '
                f'set {parameter} to auto or best_effort'
            )
        return InputState(topic, len(offered), self._reliability, hint)

    @property
    def info_state(self) -> InfoState:
        """Look at the publishers of camera_info as they are now."""
        topic = self._node.resolve_topic_name(self._info_topic)
        offered = qos.offered_reliabilities(self._node, self._info_topic, CameraInfo)
        hint = ''
        if self._camera_info is None:
            hint = self._why_no_info(topic, len(offered))
        return InfoState(topic, len(offered), hint)

    def _why_no_info(self, topic: str, publisher_count: int) -> str:
        if publisher_count:
            return f'{publisher_count} publishers of {topic} are silent'
        return _carried(self._node, self._info_topic, CameraInfo) or (
            f'nothing publishes {topic}: remap {self._info_topic}, or let the driver publish it'
        )

    def _what_is_there(self, topic: str) -> str:
        """Return what is published instead of images of the wanted type on ``topic``."""
        carried = _carried(self._node, self._topic, self._kind)
        if carried:
            return f'{carried}, or set {self._own}image_transport as it is published'
        is_raw = self._kind is Image
        other = f'{topic}{_COMPRESSED_END}' if is_raw else topic.removesuffix(_COMPRESSED_END)
        if self._node.count_publishers(other):
            transport = 'compressed' if is_raw else 'raw'
            parameter = f'{self._own}image_transport'
            return f'nothing publishes {topic}, but {other}: set {parameter} to {transport}'
        return f'nothing publishes {topic}: is the camera running, is the topic remapped?'

    def watch(self) -> bool:
        """
        Subscribe anew when the publishers ask for another quality of service.

        :returns: whether it did so for the images.
        """
        if self._has_latched_info() != self._is_latched:
            self._is_latched = not self._is_latched
            self._node.destroy_subscription(self._infos)
            self._infos = self._subscribe_info()
        reliability = self._fitting()
        if reliability == self._reliability:
            return False
        self._node.destroy_subscription(self._images)
        self._reliability = reliability
        self._images = self._subscribe()
        return True

    def destroy(self) -> None:
        """Take the subscriptions away."""
        self._node.destroy_subscription(self._images)
        self._node.destroy_subscription(self._infos)

    def _fitting(self) -> str:
        if self._wanted != qos.AUTO:
            return self._wanted
        return qos.fitting_reliability(
            qos.offered_reliabilities(self._node, self._topic, self._kind)
        )

    def _subscribe(self) -> Any:
        return self._node.create_subscription(
            self._kind,
            self._topic,
            self._on_image,
            qos.input_profile(self._reliability),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._on_incompatible),
            qos_overriding_options=qos.overridable_but_reliability(),
        )

    def _has_latched_info(self) -> bool:
        return qos.is_latched(self._node, self._info_topic, CameraInfo)

    def _subscribe_info(self) -> Any:
        # A small message is not lost, and a best-effort subscription matches every publisher. One
        # that sent its only message before comes to those alone who ask for it.
        return self._node.create_subscription(
            CameraInfo,
            self._info_topic,
            self._on_camera_info,
            qos.latched_profile() if self._is_latched else qos.input_profile(qos.BEST_EFFORT),
            qos_overriding_options=None if self._is_latched else qos.overridable(),
        )

    def _on_image(self, message: Image | CompressedImage) -> None:
        self._received(Incoming(message, self._camera_info, time.monotonic()))

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._camera_info = message

    def _on_incompatible(self, event: Any) -> None:
        """Take the place of rclpy's own warning; :attr:`state` knows who is there now."""


def _carried(node: Node, own: str, kind: type) -> str:
    """Return what the topic carries in place of ``kind``, and the remedy; empty where nothing."""
    there = qos.offers(node, own)
    if not there:
        return ''
    return (
        f'{node.resolve_topic_name(own)} carries {there[0].type_name}, not {qos.type_name(kind)}: '
        f'remap {own} to a topic of these'
    )
