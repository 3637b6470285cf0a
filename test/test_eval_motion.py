"""
Sensors that move between two stamps, and cameras over the ground.
"""

from __future__ import annotations

import math

from make_recordings import BASE_FROM_CAMERA
import numpy as np
import pytest

from steps_ros.data.clouds import Cloud
from steps_ros.data.messages import Transform
from steps_ros.data.poses import matrix_of
from steps_ros.data.transforms import Stamped, TransformTree
from steps_ros.errors import FrameError
from steps_ros.eval.motion import Motion, MotionKind, mounting_of

SECOND = 1_000_000_000
SPEED_MPS = 20.0
STRAIGHT = (1, 0, 0, 0)


def vehicle():
    tree = TransformTree()
    tree.add_static(Transform('base_link', 'camera', BASE_FROM_CAMERA))
    tree.add_static(Transform('base_link', 'lidar', matrix_of((0, 0, 2), STRAIGHT)))
    return tree


def steps(parent, seconds=1.0):
    for index in range(int(seconds * 10) + 1):
        matrix = matrix_of((SPEED_MPS * index / 10, 0, 0), STRAIGHT)
        yield Stamped(index * SECOND // 10, Transform(parent, 'base_link', matrix))


def driving(by):
    motion = Motion(vehicle(), 'base_link' if by == 'odometry' else None)
    for stamped in steps('odom'):
        if by == 'odometry':
            motion.add_odometry(stamped)
        else:
            motion.tree.add(stamped)
    return motion


@pytest.mark.parametrize('by', ['odometry', 'tf'])
def test_cloud_is_moved_to_the_stamp_of_the_picture(by):
    motion = driving(by)
    assert motion.kind('camera').value == by
    cloud = Cloud(np.array([[30, 0, 0]], np.float32), None)
    moved = motion.points_at(cloud, ('lidar', SECOND // 2), ('camera', SECOND // 4))
    # 30 m before the LiDAR, which is 1 m behind the camera, 5 m farther on.
    np.testing.assert_allclose(moved, [[0, -0.5, 34]], atol=1e-5)


def test_each_point_is_moved_from_its_own_time():
    motion = driving('odometry')
    offsets = np.array([0, 50_000_000, 100_000_000], np.int64)
    cloud = Cloud(np.tile(np.array([[30, 0, 0]], np.float32), (3, 1)), offsets)
    moved = motion.points_at(cloud, ('lidar', SECOND // 2), ('camera', SECOND // 2))
    np.testing.assert_allclose(moved[:, 2], [29, 30, 31], atol=1e-5)


def test_turning_vehicle():
    motion = Motion(vehicle(), 'base_link')
    for index in range(11):
        angle = math.radians(9.0 * index)
        matrix = matrix_of((0, 0, 0), (math.cos(angle / 2), 0, 0, math.sin(angle / 2)))
        motion.add_odometry(Stamped(index * SECOND // 10, Transform('odom', 'base_link', matrix)))
    cloud = Cloud(np.array([[30, 0, 0]], np.float32), None)
    moved = motion.points_at(cloud, ('lidar', SECOND), ('camera', 0))
    # After a quarter turn to the left, ahead is what was left: -x of the first picture.
    np.testing.assert_allclose(moved, [[-30, -0.5, -1]], atol=1e-4)


def test_standing_still():
    motion = Motion(vehicle(), None)
    assert motion.kind('camera') is MotionKind.NONE
    cloud = Cloud(np.array([[30, 0, 0]], np.float32), None)
    moved = motion.points_at(cloud, ('lidar', 0), ('camera', SECOND))
    np.testing.assert_allclose(moved, [[0, -0.5, 29]], atol=1e-5)
    with pytest.raises(FrameError, match='neither odometry nor tf'):
        motion.world_from('camera', 0)


def test_no_pose_at_a_stamp():
    with pytest.raises(FrameError, match='odometry does not say'):
        driving('odometry').world_from('camera', 9 * SECOND)


def test_odometry_of_a_body_that_tf_does_not_know_is_left_aside():
    motion = Motion(vehicle(), 'imu')
    assert motion.kind('camera') is MotionKind.NONE


@pytest.mark.parametrize(('pitch', 'roll'), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.05), (-0.1, 0.2)])
def test_mounting(pitch, roll):
    nose_down = matrix_of((0, 0, 0), (math.cos(pitch / 2), 0, math.sin(pitch / 2), 0))
    rolled = matrix_of((0, 0, 0), (math.cos(roll / 2), math.sin(roll / 2), 0, 0))
    pose = nose_down @ rolled @ BASE_FROM_CAMERA
    pose[:3, 3] = (1, 0, 1.5)
    assert mounting_of(pose) == pytest.approx((1.5, pitch, roll), abs=1e-9)


def test_ground_is_base_footprint_where_there_is_one():
    motion = Motion(vehicle(), None)
    assert motion.mounting('camera', 0).height == pytest.approx(1.5)
    motion.tree.add_static(
        Transform('base_footprint', 'base_link', matrix_of((0, 0, 0.3), STRAIGHT))
    )
    assert motion.mounting('camera', 0).height == pytest.approx(1.8)
    assert Motion(TransformTree(), None).mounting('camera', 0) is None
