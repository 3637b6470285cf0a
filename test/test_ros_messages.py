"""Messages and arrays: same pixels, same points, no copy, and what bad messages get."""

from __future__ import annotations

import cv2
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_examples import ALWAYS_THE_SAME, cameras, STAMPS_NS
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from std_msgs.msg import Header

from steps_ros.core.camera import Camera
from steps_ros.data.camera_info import view_from_info
from steps_ros.data.depth_images import decode_depth
from steps_ros.data.transforms import message_stamp_ns
from steps_ros.errors import FrameError
from steps_ros.ros import messages

SIZES = st.tuples(st.integers(1, 7), st.integers(1, 9))
HEADER = Header(frame_id='camera_optical_frame')
HEADER.stamp.sec, HEADER.stamp.nanosec = 12, 34


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def _over_the_wire(message):
    return deserialize_message(serialize_message(message), type(message))


def _image(encoding: str, pixels: np.ndarray, /, **changed) -> Image:
    message = Image(
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        step=pixels.nbytes // pixels.shape[0],
        data=pixels.tobytes(),
    )
    for name, value in changed.items():
        setattr(message, name, value)
    return message


def test_rgb_survives_the_wire_and_is_read_without_a_copy():
    image = _noise(7, 5, 3)
    received = _over_the_wire(messages.rgb_message(HEADER, image))
    assert received.header == HEADER
    assert (received.height, received.width, received.step) == (7, 5, 15)
    read = messages.image_to_rgb(received)
    np.testing.assert_array_equal(read, image)
    assert np.shares_memory(read, np.frombuffer(received.data, np.uint8))


@ALWAYS_THE_SAME
@given(SIZES.flatmap(lambda size: arrays(np.float32, (*size, 4))), STAMPS_NS)
def test_depth_and_clouds_survive_the_wire_bit_for_bit(cloud, stamp_ns):
    header = Header(stamp=messages.time_message(stamp_ns), frame_id='camera')
    depth = np.ascontiguousarray(cloud[..., 0])
    image = _over_the_wire(messages.float_message(header, depth))
    points = _over_the_wire(messages.cloud_message(header, cloud))
    assert message_stamp_ns(image) == message_stamp_ns(points) == stamp_ns
    np.testing.assert_array_equal(decode_depth(image), depth)
    assert messages.cloud_values(points).tobytes() == cloud.tobytes()


@ALWAYS_THE_SAME
@given(cameras())
def test_any_camera_survives_the_wire(camera):
    message = _over_the_wire(messages.camera_info_message(HEADER, camera))
    assert view_from_info(message, rectified=False).camera == camera


def test_writing_lends_the_array_itself():
    depth = np.ones((4, 6), np.float32)
    message = messages.float_message(HEADER, depth)
    assert np.shares_memory(np.frombuffer(message.data, np.float32), depth)
    assert (message.encoding, message.step) == ('32FC1', 24)


def test_a_message_without_the_private_field_gets_an_array():
    class Bare:
        data = None

    bare = Bare()
    messages.set_data(bare, np.array([1.5], np.float32))
    assert bare.data.typecode == 'B'
    assert bytes(bare.data) == np.float32(1.5).tobytes()


def test_float_depth_keeps_nan_and_infinity():
    depth = np.array([[1.25, np.nan, np.inf]], np.float32)
    received = _over_the_wire(messages.float_message(HEADER, depth))
    np.testing.assert_array_equal(np.frombuffer(received.data, np.float32)[None], depth)


def test_a_view_that_is_not_contiguous_is_sent_as_it_looks():
    image = _noise(4, 8, 3)[:, ::2]
    received = _over_the_wire(messages.rgb_message(HEADER, image))
    np.testing.assert_array_equal(messages.image_to_rgb(received), image)


def test_bgr_and_padded_rows_come_back_as_rgb():
    image = _noise(3, 4, 3)
    padded = np.zeros((3, 16), np.uint8)
    padded[:, :12] = image[..., ::-1].reshape(3, 12)
    message = _image('bgr8', padded, width=4)
    np.testing.assert_array_equal(messages.image_to_rgb(message), image)


def test_compressed_images_are_decoded():
    image = _noise(8, 6, 3)
    content = cv2.imencode('.png', cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()
    received = _over_the_wire(CompressedImage(header=HEADER, format='png', data=content))
    np.testing.assert_array_equal(messages.compressed_to_rgb(received), image)


@pytest.mark.parametrize(
    ('changed', 'reason'),
    [
        ({'height': 0}, 'no pixels'),
        ({'step': 11}, 'step 11'),
        ({'data': b'short'}, 'truncated'),
        ({'encoding': 'nv12'}, 'nv12'),
        ({'encoding': 'nonsense'}, 'nonsense'),
    ],
)
def test_a_bad_image_is_a_frame_error(changed, reason):
    with pytest.raises(FrameError, match=reason):
        messages.image_to_rgb(_image('rgb8', _noise(3, 4, 3), **changed))


@pytest.mark.parametrize('content', [b'', b'\xff\xd8\xff\xe0 not a jpeg'])
def test_a_corrupt_jpeg_is_a_frame_error(content):
    with pytest.raises(FrameError):
        messages.compressed_to_rgb(CompressedImage(format='jpeg', data=content))


def test_camera_info_is_rescaled_and_read_back():
    camera = Camera(640, 480, 500.0, 510.0, 320.0, 240.0, 'plumb_bob', (0.1, 0.0, 0.0, 0.0, 0.0))
    half = camera.resized(320, 240)
    message = _over_the_wire(messages.camera_info_message(HEADER, half))
    assert list(message.k) == [250, 0, 160, 0, 255, 120, 0, 0, 1]
    assert list(message.p) == [250, 0, 160, 0, 0, 255, 120, 0, 0, 0, 1, 0]
    assert view_from_info(message, rectified=False).camera == half


def test_an_organised_cloud_keeps_its_shape():
    cloud = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    message = _over_the_wire(messages.cloud_message(HEADER, cloud))
    assert (message.height, message.width) == (2, 3)
    assert (message.point_step, message.row_step, message.is_dense) == (16, 48, False)
    assert [(field.name, field.offset) for field in message.fields] == [
        ('x', 0),
        ('y', 4),
        ('z', 8),
        ('rgb', 12),
    ]
    np.testing.assert_array_equal(np.frombuffer(message.data, np.float32).reshape(2, 3, 4), cloud)


def test_sensor_msgs_py_reads_the_same_points():
    point_cloud2 = pytest.importorskip('sensor_msgs_py.point_cloud2')
    cloud = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    message: PointCloud2 = messages.cloud_message(HEADER, cloud)
    points = point_cloud2.read_points(message, field_names=('x', 'y', 'z'))
    for index, name in enumerate('xyz'):
        np.testing.assert_array_equal(points[name].reshape(2, 3), cloud[..., index])


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'rgba8', 'bgra8', 'mono8', 'bayer_rggb8'])
def test_cv_bridge_sees_the_same_pixels(encoding):
    pytest.importorskip('cv_bridge.boost', reason='cv_bridge is not installed')
    from cv_bridge import CvBridge

    channels = {'rgb8': (3,), 'bgr8': (3,), 'rgba8': (4,), 'bgra8': (4,)}.get(encoding, ())
    message = _image(encoding, _noise(8, 6, *channels))
    theirs = CvBridge().imgmsg_to_cv2(message, 'rgb8')
    np.testing.assert_array_equal(messages.image_to_rgb(message), theirs)


def test_cv_bridge_takes_what_is_unknown_here():
    pytest.importorskip('cv_bridge.boost', reason='cv_bridge is not installed')
    pixels = (_noise(4, 6, 3).astype(np.uint16) << 8).view(np.uint8).reshape(4, 36)
    message = _image('bgr16', pixels, width=6)
    assert messages.image_to_rgb(message).shape == (4, 6, 3)
