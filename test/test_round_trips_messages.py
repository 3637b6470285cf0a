"""Pictures, depth, points, poses and stamps come back from messages as they went in."""

from __future__ import annotations

import struct

import cv2
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_examples import ALWAYS_THE_SAME, numbers, STAMPS_NS
import numpy as np
import pytest

from steps_ros.data import messages
from steps_ros.data.bags import open_bag
from steps_ros.data.clouds import decode_cloud
from steps_ros.data.depth_images import decode_compressed_depth, decode_depth
from steps_ros.data.encodings import decode_image_message, TAKEN
from steps_ros.data.mcap_writer import McapWriter
from steps_ros.data.outputs import millimetres
from steps_ros.data.poses import interpolated, inverse, matrix_of
from steps_ros.data.transforms import message_stamp_ns, read_odometry, read_transforms

SIZES = st.tuples(st.integers(1, 7), st.integers(1, 9))
PICTURES = SIZES.flatmap(lambda size: arrays(np.uint8, (*size, 3)))
GREY = SIZES.flatmap(lambda size: arrays(np.uint16, size))
METRES = SIZES.flatmap(lambda size: arrays(np.float32, size))
PADDING = st.integers(0, 5)


def received(message):
    """Return a message as another process gets it."""
    return messages.typestore().deserialize_cdr(messages.serialise(message), message.__msgtype__)


def sent(rows, encoding, padding=0, big=False):
    """Return the message of rows (H, W) or (H, W, channels), with rubbish behind each row."""
    height, width = rows.shape[:2]
    content = np.ascontiguousarray(rows).view(np.uint8).reshape(height, -1)
    padded = np.pad(content, ((0, 0), (0, padding)), constant_values=0xEE)
    message = messages.image_message(padded, 0, 'camera', encoding)
    message.width, message.is_bigendian = width, int(big)
    return received(message)


ORDERS = {
    'rgb8': (0, 1, 2),
    'bgr8': (2, 1, 0),
    '8UC3': (2, 1, 0),
    'rgba8': (0, 1, 2, 0),
    'bgra8': (2, 1, 0, 1),
}
GREYS = {'mono8', '8UC1', 'mono16'}
SHARED = {
    'yuv422': cv2.COLOR_RGB2YUV_UYVY,
    'uyvy': cv2.COLOR_RGB2YUV_UYVY,
    'yuv422_yuy2': cv2.COLOR_RGB2YUV_YUY2,
    'yuyv': cv2.COLOR_RGB2YUV_YUY2,
}
MOSAICS = {name for name in TAKEN if name.startswith('bayer_')}


def test_every_encoding_is_tried():
    assert ORDERS.keys() | GREYS | SHARED.keys() | MOSAICS == set(TAKEN)


@ALWAYS_THE_SAME
@given(PICTURES, PADDING)
def test_colours(picture, padding):
    for encoding, order in ORDERS.items():
        message = sent(picture[..., order], encoding, padding)
        np.testing.assert_array_equal(decode_image_message(message), picture)


@ALWAYS_THE_SAME
@given(GREY, PADDING, st.booleans())
def test_greys(deep, padding, big):
    high = (deep >> 8).astype(np.uint8)
    expected = np.dstack([high] * 3)
    order = '>u2' if big else '<u2'
    for rows, encoding in ((deep.astype(order), 'mono16'), (high, 'mono8'), (high, '8UC1')):
        found = decode_image_message(sent(rows, encoding, padding, big))
        np.testing.assert_array_equal(found, expected)


@ALWAYS_THE_SAME
@given(PICTURES, PADDING)
def test_colours_shared_in_pairs(picture, padding):
    pairs = np.repeat(picture, 2, axis=1)
    for encoding, conversion in SHARED.items():
        found = decode_image_message(sent(cv2.cvtColor(pairs, conversion), encoding, padding))
        np.testing.assert_allclose(found.astype(int), pairs, atol=4)


@ALWAYS_THE_SAME
@given(st.tuples(st.integers(3, 8), st.integers(3, 8)).flatmap(lambda s: arrays(np.uint8, s)))
def test_a_mosaic_keeps_what_its_pixels_measured(mosaic):
    rows, columns = np.indices(mosaic.shape)[:, 1:-1, 1:-1]
    for encoding in MOSAICS:
        tile = np.array(['rgb'.index(letter) for letter in encoding[6:10]]).reshape(2, 2)
        found = decode_image_message(sent(mosaic, encoding))
        measured = found[rows, columns, tile[rows % 2, columns % 2]]
        np.testing.assert_array_equal(measured, mosaic[1:-1, 1:-1])


@ALWAYS_THE_SAME
@given(METRES, PADDING, st.booleans(), STAMPS_NS)
def test_depth_in_metres(depth, padding, big, stamp_ns):
    message = received(messages.depth_message(depth, stamp_ns, 'camera'))
    assert (message_stamp_ns(message), message.header.frame_id) == (stamp_ns, 'camera')
    order = '>f4' if big else '<f4'
    for item in (message, sent(depth.astype(order), '32FC1', padding, big)):
        np.testing.assert_array_equal(decode_depth(item), depth)


@pytest.mark.parametrize('big', [False, True])
def test_every_depth_in_millimetres(big):
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    metres = decode_depth(sent(every.astype('>u2' if big else '<u2'), '16UC1', 2, big))
    np.testing.assert_array_equal(millimetres(metres), every)
    assert np.isnan(metres[0, 0])


@ALWAYS_THE_SAME
@given(METRES)
def test_depth_in_millimetres_is_to_the_nearest(depth):
    known = (depth > 0.0005) & (depth < 65.535)
    found = decode_depth(sent(millimetres(depth), '16UC1'))
    np.testing.assert_allclose(found[known], depth[known], atol=0.00051)
    assert np.isnan(found[~np.isfinite(depth) | (depth < 0.0004) | (depth > 65.536)]).all()


@ALWAYS_THE_SAME
@given(SIZES.flatmap(lambda size: arrays(np.float32, size, elements=numbers(0.5, 100.0))))
def test_compressed_depth_is_to_a_step_of_its_inverse(depth):
    # As compressed_depth_image_transport does it, up to 100 m and finest at 1 m.
    scale, offset = 100.0 * 101.0, 1 - 101.0
    steps = np.rint(scale / depth + offset).astype(np.uint16)
    header = struct.pack('<iff', 0, scale, offset)
    message = messages.compressed_message(np.zeros((1, 1, 3), np.uint8), 0, 'camera')
    message.format = '32FC1; compressedDepth png'
    content = cv2.imencode('.png', steps)[1].tobytes()
    message.data = np.frombuffer(header + content, np.uint8)
    found = decode_compressed_depth(received(message))
    np.testing.assert_allclose(1 / found, 1 / depth, atol=0.51 / scale)


@ALWAYS_THE_SAME
@given(st.integers(0, 9).flatmap(lambda count: arrays(np.float32, (count, 3))), STAMPS_NS)
def test_points(points, stamp_ns):
    message = received(messages.points_message(points, stamp_ns, 'lidar'))
    usable = np.isfinite(points).all(1) & points.any(1)
    assert message.is_dense == np.isfinite(points).all()
    assert message_stamp_ns(message) == stamp_ns
    np.testing.assert_array_equal(decode_cloud(message).points, points[usable])


TURNS = st.tuples(*[numbers(-1, 1)] * 4).filter(lambda turn: np.linalg.norm(turn) > 0.01)
POSES = st.builds(matrix_of, st.tuples(*[numbers(-1e6, 1e6)] * 3), TURNS)


@ALWAYS_THE_SAME
@given(POSES, STAMPS_NS)
def test_poses(pose, stamp_ns):
    link = messages.Transform('odom', 'base_link', pose)
    found = read_odometry(received(messages.odometry_message(link, stamp_ns)))
    (other,) = read_transforms(received(messages.transforms_message([link], stamp_ns)))
    for stamped in (found, other):
        assert (stamped.stamp_ns, stamped.transform[:2]) == (stamp_ns, ('odom', 'base_link'))
        np.testing.assert_allclose(stamped.transform.parent_from_child, pose, atol=1e-9)


@ALWAYS_THE_SAME
@given(POSES, POSES, numbers(0, 1))
def test_a_way_back_is_the_way_there(first, second, share):
    np.testing.assert_allclose(inverse(inverse(first)), first, atol=1e-9 * 1e6)
    there, back = interpolated(first, second, share), interpolated(second, first, 1 - share)
    # Half a turn may go either way round.
    if np.trace(first[:3, :3].T @ second[:3, :3]) > -0.999:
        np.testing.assert_allclose(there, back, atol=1e-6)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    return tmp_path_factory.mktemp('bags') / 'night.mcap'


@ALWAYS_THE_SAME
@given(st.lists(st.tuples(st.sampled_from(['/a', '/b/c']), STAMPS_NS, STAMPS_NS), max_size=8))
def test_recordings(path, items):
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    with McapWriter(path, overwrite=True) as writer:
        for topic, stamp_ns, receive_ns in items:
            message = messages.image_message(pixels, stamp_ns, topic)
            writer.write_message(topic, message, stamp_ns, receive_ns)
    with open_bag(path) as bag:
        assert {topic.name: topic.message_count for topic in bag.topics} == {
            topic: sum(item[0] == topic for item in items) for topic, _, _ in items
        }
        found = [
            (raw.topic, message_stamp_ns(bag.decode(raw)), raw.receive_ns)
            for raw in bag.messages(['/a', '/b/c'])
        ]
    assert sorted(found) == sorted(items)
    assert [item[2] for item in found] == sorted(item[2] for item in items)
