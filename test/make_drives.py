"""Small drives with moving pictures, for the tests of stores and training."""

from __future__ import annotations

from make_bags import SECOND, stamp_ns, write_mcap
import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.data import messages

HEIGHT, WIDTH = 48, 64
CAMERA = Camera(WIDTH, HEIGHT, 40.0, 42.0, 32.0, 24.0)
IMAGE, INFO, DEPTH, ODOMETRY = '/camera/image_raw', '/camera/camera_info', '/camera/depth', '/odom'


def moving(index, height=HEIGHT, width=WIDTH):
    """Return a picture in which stripes have moved by some pixels since the last."""
    columns = np.arange(width) + 5 * index
    rows = np.arange(height)[:, None]
    grey = (128 + 100 * np.sin(columns / 6) * np.cos(rows / 9)).astype(np.uint8)
    return np.stack([grey, grey // 2, 255 - grey], -1)


def items(pictures, camera=CAMERA, stamps=None, topic=IMAGE, compressed=False):
    """Return (topic, message, stamp) of pictures with their camera_info."""
    found = []
    make = messages.compressed_message if compressed else messages.image_message
    for index, picture in enumerate(pictures):
        when = stamp_ns(index) if stamps is None else stamps[index]
        if camera is not None:
            found.append((INFO, messages.camera_info_message(camera, when, 'camera'), when))
        found.append((topic, make(picture, when, 'camera'), when))
    return found


def drive(count=8, **options):
    return items([moving(index) for index in range(count)], **options)


def write_drive(path, count=8, **options):
    return write_mcap(path, drive(count, **options))


def seconds(*values):
    """Return stamps in nanoseconds."""
    return [stamp_ns(0) + round(value * SECOND) for value in values]


def depths(count, camera_offset_ns=0):
    """Return depth of the pictures: metres grow by one a column and a frame, sky is above."""
    found = []
    for index in range(count):
        depth = np.tile(np.arange(WIDTH, dtype=np.float32) + 1 + index, (HEIGHT, 1))
        depth[:5] = np.inf
        when = stamp_ns(index) + camera_offset_ns
        found.append((DEPTH, messages.depth_message(depth, when, 'camera'), when))
    return found
