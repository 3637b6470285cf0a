"""
Every encoding of a message, every way it can be wrong.
"""

from __future__ import annotations

import array
import struct
import zlib

import cv2
import numpy as np
import pytest

from steps_ros.data.encodings import decode_compressed, decode_image, is_taken, TAKEN
from steps_ros.errors import FrameError

RED, GREEN, BLUE = (200, 20, 10), (10, 180, 30), (5, 25, 220)
RGB = np.array([[RED, GREEN], [BLUE, RED], [GREEN, BLUE]], np.uint8)


def padded(rows, padding):
    """Return rows of bytes with ``padding`` bytes of rubbish after each, and the step."""
    height = rows.shape[0]
    flat = rows.reshape(height, -1).view(np.uint8)
    rubbish = np.full((height, padding), 0xEE, np.uint8)
    return np.hstack([flat, rubbish]).tobytes(), flat.shape[1] + padding


def decoded(rows, encoding, padding=0, is_bigendian=False):
    data, step = padded(rows, padding)
    return decode_image(data, rows.shape[0], rows.shape[1], step, encoding, is_bigendian)


@pytest.mark.parametrize('padding', [0, 1, 5])
@pytest.mark.parametrize(
    ('encoding', 'order'),
    [
        ('rgb8', [0, 1, 2]),
        ('bgr8', [2, 1, 0]),
        ('8UC3', [2, 1, 0]),
        ('rgba8', [0, 1, 2, 0]),
        ('bgra8', [2, 1, 0, 1]),
    ],
)
def test_colour_orders(encoding, order, padding):
    np.testing.assert_array_equal(decoded(RGB[..., order], encoding, padding), RGB)


@pytest.mark.parametrize('encoding', ['mono8', '8UC1'])
def test_mono8_fills_three_channels(encoding):
    grey = np.array([[0, 7, 255]], np.uint8)
    np.testing.assert_array_equal(decoded(grey, encoding, 3), np.dstack([grey] * 3))


@pytest.mark.parametrize(('order', 'is_bigendian'), [('<u2', False), ('>u2', True)])
def test_mono16_keeps_the_high_byte(order, is_bigendian):
    grey = np.array([[0x0000, 0x12FF], [0xFF00, 0x8034]], order)
    expected = np.dstack([np.array([[0, 0x12], [0xFF, 0x80]], np.uint8)] * 3)
    np.testing.assert_array_equal(decoded(grey, 'mono16', 2, is_bigendian), expected)


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('colour', [RED, GREEN, BLUE])
def test_bayer_pattern_names_the_first_two_rows(pattern, colour):
    values = dict(zip('rgb', colour, strict=True))
    tile = np.array([values[letter] for letter in pattern], np.uint8).reshape(2, 2)
    mosaic = np.tile(tile, (4, 5))
    image = decoded(mosaic, f'bayer_{pattern}8', 3)
    np.testing.assert_array_equal(image, np.broadcast_to(np.uint8(colour), (8, 10, 3)))


@pytest.mark.parametrize(
    ('encoding', 'bytes_of_two_pixels'),
    [
        ('yuv422', (90, 81, 240, 145)),
        ('uyvy', (90, 81, 240, 145)),
        ('yuv422_yuy2', (81, 90, 145, 240)),
        ('yuyv', (81, 90, 145, 240)),
    ],
)
def test_yuv422_shares_chroma_between_two_pixels(encoding, bytes_of_two_pixels):
    # BT.601: Y 81, U 90, V 240 is pure red; Y 145 with the same chroma is a lighter red.
    rows = np.tile(np.array(bytes_of_two_pixels, np.uint8), (3, 2)).reshape(3, 4, 2)
    image = decoded(rows, encoding, 6).astype(int)
    np.testing.assert_allclose(image[:, 0], [[254, 0, 0]] * 3, atol=2)
    np.testing.assert_allclose(image[:, 1], [[255, 73, 73]] * 3, atol=2)


@pytest.mark.parametrize(
    'wrap', [bytes, bytearray, memoryview, lambda data: array.array('B', data)]
)
def test_any_buffer_is_read(wrap):
    image = decode_image(wrap(RGB.tobytes()), 3, 2, 6, 'bgr8', False)
    np.testing.assert_array_equal(image, RGB[..., ::-1])


def test_read_only_array_is_read():
    flat = RGB.reshape(-1).copy()
    flat.flags.writeable = False
    np.testing.assert_array_equal(decode_image(flat, 3, 2, 6, 'bgr8', False), RGB[..., ::-1])


def test_rgb8_without_padding_is_a_view():
    flat = RGB.reshape(-1).copy()
    assert np.shares_memory(decode_image(flat, 3, 2, 6, 'rgb8', False), flat)


def test_conversion_does_not_touch_the_message():
    flat = RGB.reshape(-1).copy()
    decode_image(flat, 3, 2, 6, 'bgr8', False)
    np.testing.assert_array_equal(flat, RGB.reshape(-1))


@pytest.mark.parametrize(
    ('height', 'width', 'step', 'encoding', 'message'),
    [
        (0, 4, 12, 'rgb8', '4x0 has no pixels'),
        (4, 0, 0, 'rgb8', '0x4 has no pixels'),
        (4, 4, 11, 'rgb8', 'step 11 is smaller than a row of 4 pixels of 3 bytes'),
        (4, 4, 7, 'mono16', 'step 7 is smaller'),
        (5, 4, 12, 'rgb8', 'image data is 48 bytes, step 12 x height 5 needs 60'),
        (
            40000,
            40000,
            120000,
            'rgb8',
            'limit of 100000000; .*STEPS_ROS_MAX_IMAGE_PIXELS',
        ),
        (2, 3, 6, 'yuv422', 'width must be even'),
        (4, 4, 12, 'pink8', "'pink8' is unknown; taken are rgb8 bgr8"),
        (4, 4, 12, '', "'' is unknown"),
        (4, 4, 12, 'nv12', 'nv12 is not taken: .*bgr8'),
        (4, 4, 12, 'h264', 'h264 is not taken: .*image_transport republish'),
        (4, 4, 12, 'bayer_rggb16', 'bayer_rggb16 is not taken: .*8 bit'),
        (4, 4, 12, 'bgr16', 'bgr16 is not taken: .*8 bit'),
        (4, 4, 16, '32FC1', '32FC1 is not taken: .*depth'),
    ],
)
def test_bad_message_is_one_line(height, width, step, encoding, message):
    with pytest.raises(FrameError, match=message) as caught:
        decode_image(bytes(48), height, width, step, encoding, False)
    assert '\n' not in str(caught.value)


def test_taken_names_decode():
    for encoding in TAKEN:
        assert is_taken(encoding)
        assert decode_image(bytes(64), 2, 4, 16, encoding, False).shape == (2, 4, 3)
    assert not is_taken('nv12')


def encode(extension, image):
    done, content = cv2.imencode(extension, image)
    assert done
    return content.tobytes()


NOISE = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)


@pytest.mark.parametrize('extension', ['.png', '.bmp', '.tif'])
def test_lossless_file_round_trip(extension):
    np.testing.assert_array_equal(decode_compressed(encode(extension, NOISE[..., ::-1])), NOISE)


def test_jpeg_has_rgb_order():
    image = decode_compressed(encode('.jpg', np.full((16, 16, 3), RED[::-1], np.uint8)))
    np.testing.assert_allclose(image.astype(int), np.full((16, 16, 3), RED), atol=4)


def test_grey_alpha_and_16_bit_png():
    grey = NOISE[..., 0]
    np.testing.assert_array_equal(decode_compressed(encode('.png', grey)), np.dstack([grey] * 3))
    deep = grey.astype(np.uint16) * 256 + 77
    np.testing.assert_array_equal(decode_compressed(encode('.png', deep)), np.dstack([grey] * 3))
    alpha = np.dstack([NOISE[..., ::-1], grey])
    np.testing.assert_array_equal(decode_compressed(encode('.png', alpha)), NOISE)


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
@pytest.mark.parametrize('share', [0.01, 0.3, 0.9, 0.99])
def test_truncated_file(extension, share):
    content = encode(extension, NOISE)
    with pytest.raises(FrameError, match=r'truncated|no pixels|no jpeg or png') as caught:
        decode_compressed(content[: int(len(content) * share)])
    assert '\n' not in str(caught.value)


def test_thumbnail_end_does_not_complete_a_jpeg():
    content = encode('.jpg', NOISE)
    thumbnail = b'\xff\xd8\xff\xd9'
    segment = b'\xff\xe1' + struct.pack('>H', 2 + len(thumbnail)) + thumbnail
    whole = content[:2] + segment + content[2:]
    assert decode_compressed(whole).shape == NOISE.shape
    with pytest.raises(FrameError, match='truncated'):
        decode_compressed(whole[:-40])


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'is empty'),
        (b'not an image at all', 'no jpeg or png'),
        (b'\x00\x00\x00\x01\x67' + bytes(50), 'republish'),
    ],
)
def test_no_image(content, message):
    with pytest.raises(FrameError, match=message):
        decode_compressed(content)


def test_absurd_png_is_refused_before_decoding():
    header = struct.pack('>IIBBBBB', 60000, 60000, 8, 2, 0, 0, 0)
    chunk = (
        struct.pack('>I', 13) + b'IHDR' + header + struct.pack('>I', zlib.crc32(b'IHDR' + header))
    )
    with pytest.raises(FrameError, match='60000x60000 has 3600000000 pixels, more than'):
        decode_compressed(b'\x89PNG\r\n\x1a\n' + chunk + bytes(30) + b'IEND')


def turned(orientation):
    """Return a JPEG whose EXIF says how the camera was held."""
    jpeg = encode('.jpg', NOISE)
    entry = struct.pack('<HHIHH', 0x0112, 3, 1, orientation, 0)
    tiff = b'II*\0' + struct.pack('<IH', 8, 1) + entry + struct.pack('<I', 0)
    exif = b'Exif\0\0' + tiff
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize('orientation', [3, 6])
def test_pixels_stay_where_the_calibration_has_them_but_for_photographs(orientation):
    plain = decode_compressed(encode('.jpg', NOISE))
    np.testing.assert_array_equal(decode_compressed(turned(orientation)), plain)
    upright = np.rot90(plain, 2 if orientation == 3 else -1)
    np.testing.assert_array_equal(decode_compressed(turned(orientation), True), upright)
