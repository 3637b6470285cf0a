"""
Messages made without ROS: layout, round trip, known quaternions.
"""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.data import messages
from steps_ros.data.encodings import decode_compressed, decode_image
from steps_ros.data.messages import Transform

STAMP_NS = 3_000_000_007
IMAGE = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8)
CAMERA = Camera(6, 4, 5.0, 5.5, 2.5, 1.5, 'plumb_bob', (0.1, 0.0, 0.0, 0.0, 0.0))
QUARTER_TURN = np.array([[0.0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])


def round_trip(message):
    content = messages.serialise(message)
    return messages.typestore().deserialize_cdr(content, message.__msgtype__)


def stamp_of(message):
    return message.header.stamp.sec, message.header.stamp.nanosec, message.header.frame_id


def test_image_round_trip():
    message = round_trip(messages.image_message(IMAGE, STAMP_NS, 'camera'))
    assert stamp_of(message) == (3, 7, 'camera')
    assert (message.height, message.width, message.step) == (4, 6, 18)
    decoded = decode_image(message.data, 4, 6, 18, message.encoding, False)
    np.testing.assert_array_equal(decoded, IMAGE)


def test_image_that_is_a_view_is_copied_in_order():
    message = messages.image_message(IMAGE[:, ::-1], STAMP_NS, 'camera')
    assert bytes(message.data) == IMAGE[:, ::-1].tobytes()


def test_depth_is_little_endian_float32():
    depth = np.array([[1.5, np.nan, np.inf]], np.float32)
    message = round_trip(messages.depth_message(depth, STAMP_NS, 'camera'))
    assert (message.encoding, message.step) == ('32FC1', 12)
    np.testing.assert_array_equal(message.data.view('<f4'), depth[0])


def test_compressed_image_keeps_the_colour_order():
    red = np.full((16, 16, 3), (220, 10, 20), np.uint8)
    message = round_trip(messages.compressed_message(red, STAMP_NS, 'camera'))
    assert 'jpeg' in message.format
    np.testing.assert_allclose(decode_compressed(message.data).astype(int), red, atol=4)


def test_camera_info():
    message = round_trip(messages.camera_info_message(CAMERA, STAMP_NS, 'camera'))
    assert (message.width, message.height) == (6, 4)
    assert message.k.tolist() == [5, 0, 2.5, 0, 5.5, 1.5, 0, 0, 1]
    assert message.p.tolist() == [5, 0, 2.5, 0, 0, 5.5, 1.5, 0, 0, 0, 1, 0]
    assert message.r.tolist() == np.eye(3).reshape(-1).tolist()
    assert message.d.tolist() == list(CAMERA.distortion)


def test_points():
    points = np.array([[1, 2, 3], [4, 5, np.nan]], np.float32)
    message = round_trip(messages.points_message(points, STAMP_NS, 'lidar'))
    assert (message.width, message.point_step, message.row_step) == (2, 12, 24)
    assert [field.offset for field in message.fields] == [0, 4, 8]
    assert not message.is_dense
    np.testing.assert_array_equal(message.data.view('<f4').reshape(2, 3), points)


def test_lidar_points_have_intensity_and_ring():
    points = np.zeros(2, messages.LIDAR_POINT)
    points['x'], points['intensity'], points['ring'] = [1, 2], [30, 255], [0, 31]
    message = round_trip(messages.lidar_message(points, STAMP_NS, 'lidar'))
    assert (message.height, message.width) == (1, 2)
    assert (message.point_step, message.row_step) == (20, 40)
    layout = [(field.name, field.offset, field.datatype) for field in message.fields]
    assert layout == [('x', 0, 7), ('y', 4, 7), ('z', 8, 7), ('intensity', 12, 7), ('ring', 16, 4)]
    np.testing.assert_array_equal(message.data.view(messages.LIDAR_POINT), points)


def test_the_padding_of_lidar_points_is_zero():
    points = np.full(3 * messages.LIDAR_POINT.itemsize, 255, np.uint8).view(messages.LIDAR_POINT)
    for name in messages.LIDAR_POINT.names:
        points[name] = 1
    message = messages.lidar_message(points, STAMP_NS, 'lidar')
    assert not message.data.reshape(3, -1)[:, 18:].any()


def test_odometry_and_transforms_turn_a_quarter():
    transform = Transform('odom', 'base_link', QUARTER_TURN)
    odometry = round_trip(messages.odometry_message(transform, STAMP_NS))
    assert (odometry.header.frame_id, odometry.child_frame_id) == ('odom', 'base_link')
    position, turn = odometry.pose.pose.position, odometry.pose.pose.orientation
    assert (position.x, position.y, position.z) == (1, 2, 3)
    half = np.sqrt(0.5)
    np.testing.assert_allclose([turn.x, turn.y, turn.z, turn.w], [0, 0, half, half], atol=1e-12)
    static = round_trip(messages.transforms_message([transform, transform], STAMP_NS))
    assert [item.child_frame_id for item in static.transforms] == ['base_link'] * 2
    assert static.transforms[0].transform.rotation.z == pytest.approx(half)


@pytest.mark.parametrize('axis', [0, 1, 2])
def test_half_turn_has_a_quaternion(axis):
    rotation = -np.eye(4)
    rotation[axis, axis] = rotation[3, 3] = 1
    transform = Transform('a', 'b', rotation)
    turn = messages.transforms_message([transform], 0).transforms[0].transform.rotation
    expected = np.zeros(4)
    expected[axis] = 1
    np.testing.assert_allclose(np.abs([turn.x, turn.y, turn.z, turn.w]), expected, atol=1e-12)


def test_definition_contains_what_it_refers_to():
    assert 'MSG: std_msgs/Header' in messages.definition(messages.IMAGE)
