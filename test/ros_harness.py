"""A ROS context of its own, a fake model, and waits with a time limit, for tests of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
import threading
import time
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
import torch

from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet, TINY
from steps_ros.core.illumination import IlluminationNet
from steps_ros.inference.prediction import Outputs, Prediction, Request
from steps_ros.ros import messages
from steps_ros.ros.model import Model
from steps_ros.ros.night_depth import NightDepth

LIMIT_S = 10.0
IMAGE_TOPIC = '/night_depth/input/image'
INFO_TOPIC = '/night_depth/input/camera_info'


class FakeModel:
    """Depth 5 everywhere, the far row 200, confidence 1; remembers what was asked for."""

    def __init__(self, has_depth: bool = True) -> None:
        self.asked: list[tuple[Outputs, tuple[int, int]]] = []
        self.enhancements: list[float] = []
        self.batches: list[int] = []
        self.has_depth = has_depth
        self.leave = threading.Event()
        self.leave.set()

    def predict(
        self,
        image: Any,
        outputs: Outputs,
        size: tuple[int, int],
        camera: Camera | None,
        enhancement: float,
    ) -> Prediction:
        """Return maps of the size asked for."""
        assert self.leave.wait(LIMIT_S)
        self.asked.append((outputs, size))
        self.enhancements.append(enhancement)
        depth = np.full(size, 5.0, np.float32)
        depth[0], depth[1, 0] = 200.0, -1.0
        return Prediction(
            np.full((*size, 3), image[0, 0], np.uint8) if outputs.enhanced else None,
            depth if outputs.depth else None,
            np.ones(size, np.float32) if outputs.confidence else None,
            None,
        )

    def predict_batch(self, requests: Sequence[Request]) -> list[Prediction]:
        """Return the maps of each image."""
        self.batches.append(len(requests))
        return [self.predict(*request) for request in requests]

    def load(self, settings: Any) -> Model:
        """Return the model as the node loads it."""
        return Model(self.predict_batch, 'fake', 'cpu', 'float32', '', 'none', self.has_depth)


class Bench:
    """A node under test, and another node to talk to it, spun by turns."""

    def __init__(self, context: Any, load: Callable[..., Model], **parameters: Any) -> None:
        overrides = [Parameter(name.replace('__', '.'), value=v) for name, v in parameters.items()]
        self.node = NightDepth(
            load, context=context, parameter_overrides=overrides, use_global_arguments=False
        )
        self.peer = Node('peer', context=context, use_global_arguments=False)
        self.received: dict[str, list[Any]] = {}
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._executor.add_node(self.peer)

    def wait(self, condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
        """Spin until the condition holds and return its value; fail after the limit."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            self._executor.spin_once(timeout_sec=0.02)
        raise AssertionError(f'not within {limit_s} s')

    def spin(self, duration_s: float) -> None:
        """Spin for a while."""
        end = time.monotonic() + duration_s
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.02)

    def listen(self, kind: type, topic: str, latched: bool = False) -> list[Any]:
        """Subscribe and return the list that messages will be in."""
        messages_: list[Any] = self.received.setdefault(topic, [])
        profile = QoSProfile(depth=5)
        if latched:
            profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
        self.peer.create_subscription(kind, topic, messages_.append, profile)
        return messages_

    def publisher(self, kind: type, topic: str, best_effort: bool = False) -> Any:
        """Publish on a topic."""
        policy = ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE
        return self.peer.create_publisher(kind, topic, QoSProfile(depth=5, reliability=policy))

    def close(self) -> None:
        """Take both nodes down."""
        self.node.close()
        self._executor.shutdown(1.0)
        self.node.destroy_node()
        self.peer.destroy_node()


@contextmanager
def bench(load: Callable[..., Model], **parameters: Any) -> Iterator[Bench]:
    """Make a bench on a context of its own."""
    context = rclpy.Context()
    rclpy.init(context=context)
    made = Bench(context, load, **parameters)
    try:
        yield made
    finally:
        made.close()
        rclpy.shutdown(context=context)


def image_message(stamp_s: int = 1, size: tuple[int, int] = (48, 64), value: int = 7) -> Image:
    """Return a grey rgb8 image."""
    message = messages.rgb_message(Image().header, np.full((*size, 3), value, np.uint8))
    message.header.stamp.sec = stamp_s
    message.header.frame_id = 'camera_optical_frame'
    return message


def info_message(size: tuple[int, int] = (48, 64)) -> CameraInfo:
    """Return the camera_info of such an image."""
    return messages.camera_info_message(Image().header, Camera.assumed(size[1], size[0]))


def write_tiny_checkpoint(path: Path, seed: int = 0) -> Path:
    """Write untrained weights, small and quick, and return the path."""
    torch.manual_seed(seed)
    made = Checkpoint(DepthNet(TINY).eval(), IlluminationNet(3).eval(), input_size=(64, 96))
    save_checkpoint(made, path)
    return path
