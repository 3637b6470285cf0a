"""
A participant that nobody asked for: images on all given topics as fast as it can.

Whatever type the topics have for others. It ends when it is killed, or after a minute.
"""

from __future__ import annotations

import sys
import time

import rclpy
from sensor_msgs.msg import Image

LIMIT_S = 60.0


def main(topics: list[str]) -> None:
    rclpy.init()
    node = rclpy.create_node('flooding')
    publishers = [node.create_publisher(Image, topic, 5) for topic in topics]
    image = Image(width=64, height=48, encoding='rgb8', step=192, data=bytes(48 * 192))
    image.header.stamp.sec = 9
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        for publisher in publishers:
            publisher.publish(image)


if __name__ == '__main__':
    main(sys.argv[1:])
