"""
A drive as one ``.mcap`` recording with the topics that a vehicle would record.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

import numpy as np

from steps_ros.data.mcap_writer import McapWriter
from steps_ros.data.messages import (
    camera_info_message,
    compressed_message,
    depth_message,
    image_message,
    lidar_message,
    odometry_message,
    Transform,
    transforms_message,
)
from steps_ros.sim.clip import SimulatedFrame
from steps_ros.sim.lidar import Scan
from steps_ros.sim.road import Doubles
from steps_ros.sim.trajectory import body_from_camera

IMAGE_TOPIC = '/camera/image_raw'
COMPRESSED_TOPIC = '/camera/image_raw/compressed'
INFO_TOPIC = '/camera/camera_info'
DEPTH_TOPIC = '/camera/depth'
LIDAR_TOPIC = '/lidar/points'
ODOMETRY_TOPIC = '/odom'
TF_STATIC_TOPIC = '/tf_static'
OPTICAL_FRAME, LIDAR_FRAME = 'camera_optical_frame', 'lidar'
BASE_FRAME, ODOMETRY_FRAME = 'base_link', 'odom'


def write_recording(
    frames: Iterable[SimulatedFrame], path: Path, compressed: bool = False, overwrite: bool = False
) -> Generator[int, None, None]:
    """
    Write all frames and yield the number of each when it is written.

    A recording that was broken off is removed; a half drive is of no use to anyone.

    :param compressed: JPEG images on ``/camera/image_raw/compressed`` instead of raw ones.
    :raises OutputError: the file exists and ``overwrite`` is false, or cannot be written.
    """
    writer = McapWriter(path, overwrite)
    try:
        for number, frame in enumerate(frames):
            if number == 0:
                _write_mounting(writer, frame)
            _write_frame(writer, frame, compressed)
            yield number
    except BaseException:
        writer.__exit__(RuntimeError, None, None)
        writer.partial.unlink(missing_ok=True)
        raise
    writer.close()


def _write_mounting(writer: McapWriter, frame: SimulatedFrame) -> None:
    mounted = [Transform(BASE_FRAME, OPTICAL_FRAME, body_from_camera(frame.mounting))]
    if frame.scan is not None:
        mounted.append(Transform(BASE_FRAME, LIDAR_FRAME, frame.scan.body_from_lidar))
    stamp = frame.stamp_ns if frame.scan is None else min(frame.stamp_ns, frame.scan.stamp_ns)
    writer.write_message(TF_STATIC_TOPIC, transforms_message(mounted, stamp), stamp)


def _write_frame(writer: McapWriter, frame: SimulatedFrame, compressed: bool) -> None:
    if frame.scan is not None and frame.scan.stamp_ns < frame.stamp_ns:
        _write_scan(writer, frame.scan, frame.stamp_ns)
    stamp = frame.stamp_ns
    make = compressed_message if compressed else image_message
    image = make(frame.image, stamp, OPTICAL_FRAME)
    info = camera_info_message(frame.camera, stamp, OPTICAL_FRAME)
    writer.write_message(COMPRESSED_TOPIC if compressed else IMAGE_TOPIC, image, stamp)
    writer.write_message(INFO_TOPIC, info, stamp)
    writer.write_message(DEPTH_TOPIC, depth_message(frame.depth, stamp, OPTICAL_FRAME), stamp)
    body = frame.world_from_camera @ np.linalg.inv(body_from_camera(frame.mounting))
    _write_odometry(writer, body, stamp)
    if frame.scan is not None and frame.scan.stamp_ns >= frame.stamp_ns:
        _write_scan(writer, frame.scan, frame.stamp_ns)


def _write_scan(writer: McapWriter, scan: Scan, image_ns: int) -> None:
    """Write a turn, and where the vehicle was then, unless that is written with the image."""
    if scan.stamp_ns != image_ns:
        _write_odometry(writer, scan.body, scan.stamp_ns)
    message = lidar_message(scan.points, scan.stamp_ns, LIDAR_FRAME)
    writer.write_message(LIDAR_TOPIC, message, scan.stamp_ns)


def _write_odometry(writer: McapWriter, body: Doubles, stamp_ns: int) -> None:
    transform = Transform(ODOMETRY_FRAME, BASE_FRAME, body)
    writer.write_message(ODOMETRY_TOPIC, odometry_message(transform, stamp_ns), stamp_ns)
