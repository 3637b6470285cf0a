"""Small recordings with references, for the tests of evaluation inputs."""

from __future__ import annotations

from pathlib import Path

from make_bags import CAMERA, HEIGHT, picture, SECOND, stamp_ns, WIDTH, write_mcap
import numpy as np
from rosbags import rosbag1

from steps_ros.data import messages
from steps_ros.data.bags import ros1_typestore
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


def camera_file(path, camera):
    """Write the camera as a file for ``--intrinsics``."""
    names = ('width', 'height', 'fx', 'fy', 'cx', 'cy')
    path.write_text('{' + ', '.join(f'{name}: {getattr(camera, name)}' for name in names) + '}')
    return path


def mounted(frames=(OPTICAL, LIDAR)):
    """Return (topic, message, stamp) of /tf_static."""
    known = {OPTICAL: BASE_FROM_CAMERA, LIDAR: BASE_FROM_LIDAR}
    links = [Transform(BASE, frame, known[frame]) for frame in frames]
    return [('/tf_static', messages.transforms_message(links, stamp_ns(0)), stamp_ns(0))]


def images(count=5, camera=CAMERA, topic=IMAGE):
    items = []
    for index in range(count):
        when = stamp_ns(index)
        items.append((topic, messages.image_message(picture(index), when, OPTICAL), when))
        if camera is not None:
            info = messages.camera_info_message(camera, when, OPTICAL)
            items.append((INFO, info, when))
    return items


def depths(count=5, offset_ns=0, value=None, topic=DEPTH, frame=OPTICAL):
    items = []
    for index in range(count):
        when = stamp_ns(index) + offset_ns
        depth = np.full((HEIGHT, WIDTH), index + 1.0 if value is None else value, np.float32)
        items.append((topic, messages.depth_message(depth, when, frame), when))
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


def moving_transforms(count=30, step_ns=SECOND // 50, start_ns=-SECOND // 20):
    """Return /tf of the same drive."""
    items = []
    for index in range(count):
        when = stamp_ns(0) + start_ns + index * step_ns
        link = Transform(ODOM, BASE, pose((travelled(when), 0, 0)))
        items.append(('/tf', messages.transforms_message([link], when), when))
    return items


def write_ros1(path: Path, *groups):
    """Write the same messages as a ROS 1 bag."""
    modern, store = messages.typestore(), ros1_typestore()
    items = sorted((item for group in groups for item in group), key=lambda item: item[2])
    with rosbag1.Writer(path) as writer:
        connections = {}
        for topic, message, when in items:
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=store)
            older = as_ros1(message, store, modern)
            writer.write(connections[topic], when + 3, store.serialize_ros1(older, kind))
    return path


def as_ros1(value, store, modern):
    """Return a message in the definitions of ROS 1: sequence numbers, and K for k."""
    if isinstance(value, list):
        return [as_ros1(item, store, modern) for item in value]
    kind = getattr(value, '__msgtype__', None)
    if kind is None:
        return value
    known = {name.lower(): name for name, _ in store.fielddefs[kind][1]}
    fields = {
        known[name.lower()]: as_ros1(getattr(value, name), store, modern)
        for name, _ in modern.fielddefs[kind][1]
        if name.lower() in known
    }
    if 'seq' in known:
        fields['seq'] = 0
    return store.types[kind](**fields)


def write(path: Path, *groups, receive_delay_ns=3):
    items = sorted((item for group in groups for item in group), key=lambda item: item[2])
    return write_mcap(path, items, receive_delay_ns)
