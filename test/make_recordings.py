"""Small recordings with references, for the tests of evaluation inputs."""

from __future__ import annotations

from pathlib import Path

from make_bags import CAMERA, HEIGHT, picture, SECOND, stamp_ns, WIDTH, write_mcap
import numpy as np

from steps_ros.data import messages
from steps_ros.data.messages import Transform

OPTICAL, BASE, LIDAR, ODOM = 'camera_optical_frame', 'base_link', 'lidar', 'odom'
IMAGE, INFO, DEPTH = '/camera/image_raw', '/camera/camera_info', '/camera/depth'
POINTS, ODOMETRY = '/lidar/points', '/odom'
SPEED_MPS = 10.0
WALL_M = 30.0


def pose(position, turn=None):
    matrix = np.eye(4)
    matrix[:3, 3] = position
    if turn is not None:
        matrix[:3, :3] = turn
    return matrix


# Forward, left, up of the body from right, down, forward of the camera.
OPTICAL_TURN = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
BASE_FROM_CAMERA = pose((1.0, 0.0, 1.5), OPTICAL_TURN)
BASE_FROM_LIDAR = pose((0.0, 0.0, 1.9))


def mounted(frames=(OPTICAL, LIDAR)):
    """Return (topic, message, stamp) of /tf_static."""
    known = {OPTICAL: BASE_FROM_CAMERA, LIDAR: BASE_FROM_LIDAR}
    links = [Transform(BASE, frame, known[frame]) for frame in frames]
    return [('/tf_static', messages.transforms_message(links, stamp_ns(0)), stamp_ns(0))]


def images(count=5, camera=CAMERA):
    items = []
    for index in range(count):
        when = stamp_ns(index)
        items.append((IMAGE, messages.image_message(picture(index), when, OPTICAL), when))
        if camera is not None:
            info = messages.camera_info_message(camera, when, OPTICAL)
            items.append((INFO, info, when))
    return items


def depths(count=5, offset_ns=0, value=None, topic=DEPTH):
    items = []
    for index in range(count):
        when = stamp_ns(index) + offset_ns
        depth = np.full((HEIGHT, WIDTH), index + 1.0 if value is None else value, np.float32)
        items.append((topic, messages.depth_message(depth, when, OPTICAL), when))
    return items


def travelled(when):
    """Return how far the vehicle has gone, in metres."""
    return (when - stamp_ns(0)) / SECOND * SPEED_MPS


def wall_points(ahead_m, grid=9):
    """Return points in the LiDAR's frame of a wall before it."""
    across, up = np.meshgrid(np.linspace(-8, 8, grid), np.linspace(-1, 6, grid))
    ahead = np.full_like(across, ahead_m)
    return np.stack([ahead, across, up], -1).reshape(-1, 3).astype(np.float32)


def clouds(count=5, offset_ns=0, topic=POINTS, ahead_m=None):
    """Return clouds of a wall that stands still, or is always as far ahead as is said."""
    items = []
    for index in range(count):
        when = stamp_ns(index) + offset_ns
        points = wall_points(WALL_M - travelled(when) if ahead_m is None else ahead_m)
        items.append((topic, messages.points_message(points, when, LIDAR), when))
    return items


def odometry(count=30, step_ns=SECOND // 50, start_ns=-SECOND // 20):
    """Return odometry of a drive straight ahead at 10 m/s."""
    items = []
    for index in range(count):
        when = stamp_ns(0) + start_ns + index * step_ns
        body = Transform(ODOM, BASE, pose((travelled(when), 0, 0)))
        items.append((ODOMETRY, messages.odometry_message(body, when), when))
    return items


def write(path: Path, *groups, receive_delay_ns=3):
    items = sorted((item for group in groups for item in group), key=lambda item: item[2])
    return write_mcap(path, items, receive_delay_ns)
