"""
A node that does no work: for every image it publishes four outputs of the same size.

The time from the camera to it and to the listener is that of transport alone, which benchmarks
show beside the real node's.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from std_msgs.msg import Header

from steps_ros.ros import messages
from steps_ros.ros.image_input import COMPRESSED, IMAGE
from steps_ros.ros.names import BARE_NODE, CONFIDENCE, DEPTH, ENHANCED, POINTS
from steps_ros.ros.qos import input_profile, output_profile, RELIABLE
from steps_ros.ros.spin import guarded, run_node


class BareNode(Node):
    """Answers each image with messages that were made once."""

    def __init__(self, width: int, height: int, transport: str, stride: int) -> None:
        """
        Make the messages.

        :param transport: ``raw`` or ``compressed``.
        :param stride: of the cloud.
        """
        super().__init__(BARE_NODE)
        is_compressed = transport == 'compressed'
        self.create_subscription(
            CompressedImage if is_compressed else Image,
            COMPRESSED if is_compressed else IMAGE,
            guarded(self, self._answer),
            input_profile(RELIABLE),
        )
        depth = np.ones((height, width), np.float32)
        cloud = np.zeros((-(-height // stride), -(-width // stride), 4), np.float32)
        picture = np.zeros((height, width, 3), np.uint8)
        made: dict[str, Any] = {
            ENHANCED: messages.rgb_message(Header(), picture),
            DEPTH: messages.float_message(Header(), depth),
            CONFIDENCE: messages.float_message(Header(), depth),
            POINTS: messages.cloud_message(Header(), cloud),
        }
        self._answers = [
            (
                message,
                self.create_publisher(
                    PointCloud2 if topic == POINTS else Image, topic, output_profile()
                ),
            )
            for topic, message in made.items()
        ]

    def _answer(self, image: Image | CompressedImage) -> None:
        for message, publisher in self._answers:
            message.header = image.header
            publisher.publish(message)


def main(args: Sequence[str] | None = None) -> int:
    """Answer until Ctrl-C."""
    parser = argparse.ArgumentParser(prog=BARE_NODE, description=__doc__)
    parser.add_argument('--width', type=int, required=True, help='of the images')
    parser.add_argument('--height', type=int, required=True, help='of the images')
    parser.add_argument('--transport', default='raw', help='raw or compressed')
    parser.add_argument('--stride', type=int, default=4, help='of the cloud')
    options = parser.parse_args(remove_ros_args(args)[1:])
    return run_node(
        BARE_NODE,
        lambda: BareNode(options.width, options.height, options.transport, options.stride),
        args,
    )
