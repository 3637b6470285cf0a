"""Small bags of every kind, for the tests that read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rosbags import rosbag1, rosbag2
from rosbags.typesys import get_typestore, Stores

from steps_ros.core.camera import Camera
from steps_ros.data import messages
from steps_ros.data.mcap_writer import McapWriter

SECOND = 1_000_000_000
START_NS = 1_700_000_000 * SECOND
HEIGHT, WIDTH = 24, 32
CAMERA = Camera(WIDTH, HEIGHT, 20.0, 21.0, 16.0, 12.0)


def picture(index):
    """Return an image whose every byte tells its index."""
    return np.full((HEIGHT, WIDTH, 3), (index, 100 + index, 200 - index), np.uint8)


def stamp_ns(index):
    return START_NS + index * SECOND // 10


def camera_messages(count=5, image_topic='/camera/image_raw', info_topic='/camera/camera_info'):
    """Return (topic, message, stamp) of a camera and its calibration."""
    items = []
    for index in range(count):
        when = stamp_ns(index)
        items.append((image_topic, messages.image_message(picture(index), when, 'camera'), when))
        if info_topic:
            items.append((info_topic, messages.camera_info_message(CAMERA, when, 'camera'), when))
    return items


def write_mcap(path: Path, items, receive_delay_ns=3):
    with McapWriter(path) as writer:
        for topic, message, when in items:
            writer.write_message(topic, message, when, when + receive_delay_ns)
    return path


def write_folder(path: Path, items, storage=rosbag2.StoragePlugin.SQLITE3, compression=None):
    """Write a rosbag2 folder with metadata.yaml."""
    writer = rosbag2.Writer(path, version=9, storage_plugin=storage)
    if compression is not None:
        writer.set_compression(compression, rosbag2.CompressionFormat.ZSTD)
    with writer:
        connections = {}
        for topic, message, when in items:
            if topic not in connections:
                connections[topic] = writer.add_connection(
                    topic, message.__msgtype__, typestore=messages.typestore()
                )
            writer.write(connections[topic], when + 3, messages.serialise(message))
    return path


def write_ros1(path: Path, count=5):
    store = get_typestore(Stores.ROS1_NOETIC)
    types = store.types

    def header(index):
        seconds, nanoseconds = divmod(stamp_ns(index), SECOND)
        stamp = types['builtin_interfaces/msg/Time'](seconds, nanoseconds)
        return types['std_msgs/msg/Header'](seq=index, stamp=stamp, frame_id='camera')

    with rosbag1.Writer(path) as writer:
        image_type = 'sensor_msgs/msg/Image'
        connection = writer.add_connection('/camera/image_raw', image_type, typestore=store)
        for index in range(count):
            message = types[image_type](
                header(index), HEIGHT, WIDTH, 'rgb8', 0, 3 * WIDTH, picture(index).reshape(-1)
            )
            content = store.serialize_ros1(message, image_type)
            writer.write(connection, stamp_ns(index) + 3, content)
    return path
