"""
Depth pictures in metres, whatever they are counted in.
"""

from __future__ import annotations

import struct
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from steps_ros.data.depth_images import decode_compressed_depth, decode_depth
from steps_ros.errors import FrameError


def message(pixels, encoding, big=0, padding=0):
    height, width = pixels.shape
    rows = np.pad(pixels.view(np.uint8).reshape(height, -1), ((0, 0), (0, padding)))
    return SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=big,
        step=rows.shape[1],
        data=rows.reshape(-1),
    )


def test_metres_stay_as_they_are():
    depth = np.array([[1.5, np.nan, np.inf], [0, -1, 80]], '<f4')
    np.testing.assert_array_equal(decode_depth(message(depth, '32FC1')), depth)
    np.testing.assert_array_equal(decode_depth(message(depth, '32FC1', padding=4)), depth)
    np.testing.assert_array_equal(
        decode_depth(message(depth.astype('>f4'), '32FC1', big=1)), depth
    )


@pytest.mark.parametrize(('order', 'big'), [('<u2', 0), ('>u2', 1)])
def test_millimetres(order, big):
    pixels = np.array([[1500, 0], [65535, 1]], order)
    decoded = decode_depth(message(pixels, '16UC1', big))
    np.testing.assert_allclose(decoded, [[1.5, np.nan], [65.535, 0.001]], rtol=1e-6)


def test_wrong_encoding_and_short_data():
    pixels = np.ones((2, 3), '<f4')
    with pytest.raises(FrameError, match="'rgb8' holds no depth; taken are 32FC1"):
        decode_depth(message(pixels, 'rgb8'))
    short = message(pixels, '32FC1')
    short.height = 3
    with pytest.raises(FrameError, match='truncated'):
        decode_depth(short)


def compressed(pixels, form, header=b''):
    content = cv2.imencode('.png', pixels)[1].tobytes()
    return SimpleNamespace(format=form, data=np.frombuffer(header + content, np.uint8))


def test_compressed_millimetres():
    pixels = np.array([[1500, 0]], np.uint16)
    item = compressed(pixels, '16UC1; compressedDepth png', struct.pack('<iff', 0, 0, 0))
    np.testing.assert_allclose(decode_compressed_depth(item), [[1.5, np.nan]])


def test_compressed_metres_are_quantised_inverses():
    # As compressed_depth_image_transport does it: value = scale / depth + offset.
    scale, offset = 100.0 * 101.0, 1 - 101.0
    depth = np.array([[2.0, 50.0]])
    pixels = np.rint(scale / depth + offset).astype(np.uint16)
    item = compressed(pixels, '32FC1; compressedDepth', struct.pack('<iff', 0, scale, offset))
    np.testing.assert_allclose(decode_compressed_depth(item), depth, rtol=1e-2)


def test_compressed_without_a_png():
    item = SimpleNamespace(format='16UC1; compressedDepth rvl', data=np.zeros(40, np.uint8))
    with pytest.raises(FrameError, match='republish compressedDepth raw'):
        decode_compressed_depth(item)
    eight_bit = compressed(np.zeros((2, 2), np.uint8), '16UC1; compressedDepth')
    with pytest.raises(FrameError, match='16 bits'):
        decode_compressed_depth(eight_bit)


@pytest.mark.parametrize(
    ('size', 'message'),
    [
        ((30_000, 30_000), 'png of 30000x30000 has 900000000 pixels, more than'),
        ((8, 2_818_048), 'png of 75 bytes is truncated'),
    ],
)
def test_compressed_depth_that_its_bytes_cannot_hold_takes_no_memory(size, message):
    item = compressed(np.ones((2, 2), np.uint16), '16UC1; compressedDepth')
    content = bytearray(item.data.tobytes())
    place = content.index(b'IHDR') + 4
    content[place : place + 8] = struct.pack('>II', *size)
    item.data = np.frombuffer(bytes(content), np.uint8)
    with pytest.raises(FrameError, match=message):
        decode_compressed_depth(item)
