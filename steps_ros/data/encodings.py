"""
Bytes of an image message or file to uint8 (H, W, 3) RGB, without ROS.

The names are those of ``sensor_msgs/image_encodings``. What is not taken is refused with the way
round it, since a driver or ``image_proc`` converts it better than we could.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TYPE_CHECKING

import cv2
import numpy as np

from steps_ros.data.frames import Image
from steps_ros.data.image_decoding import check_size, decode_picture
from steps_ros.errors import first_line, FrameError

if TYPE_CHECKING:
    from typing_extensions import Buffer

# OpenCV names a Bayer pattern after its second row, ROS after its first: rggb is BG there.
_BAYER = {
    'rggb': cv2.COLOR_BayerBG2RGB,
    'bggr': cv2.COLOR_BayerRG2RGB,
    'gbrg': cv2.COLOR_BayerGR2RGB,
    'grbg': cv2.COLOR_BayerGB2RGB,
}


_SHARED_CHROMA = (cv2.COLOR_YUV2RGB_UYVY, cv2.COLOR_YUV2RGB_YUY2)


class _Layout(NamedTuple):
    """Bytes of one pixel and OpenCV's conversion to RGB; None where it is RGB already."""

    pixel_bytes: int
    conversion: int | None


_LAYOUTS = {
    'rgb8': _Layout(3, None),
    'bgr8': _Layout(3, cv2.COLOR_BGR2RGB),
    '8UC3': _Layout(3, cv2.COLOR_BGR2RGB),
    'rgba8': _Layout(4, cv2.COLOR_RGBA2RGB),
    'bgra8': _Layout(4, cv2.COLOR_BGRA2RGB),
    'mono8': _Layout(1, cv2.COLOR_GRAY2RGB),
    '8UC1': _Layout(1, cv2.COLOR_GRAY2RGB),
    'mono16': _Layout(2, cv2.COLOR_GRAY2RGB),
    'yuv422': _Layout(2, cv2.COLOR_YUV2RGB_UYVY),
    'uyvy': _Layout(2, cv2.COLOR_YUV2RGB_UYVY),
    'yuv422_yuy2': _Layout(2, cv2.COLOR_YUV2RGB_YUY2),
    'yuyv': _Layout(2, cv2.COLOR_YUV2RGB_YUY2),
    **{f'bayer_{pattern}8': _Layout(1, code) for pattern, code in _BAYER.items()},
}
TAKEN = tuple(_LAYOUTS)

_EIGHT_BIT = 'let the driver publish 8 bit, or convert with image_proc'
_STREAM = 'decode it with `ros2 run image_transport republish`'
_WAYS_ROUND = {
    'nv12': 'let the driver publish bgr8, or convert it with its own colour conversion node',
    'nv21': 'let the driver publish bgr8, or convert it with its own colour conversion node',
    'h264': _STREAM,
    'hevc': _STREAM,
    'h265': _STREAM,
    'rgb16': _EIGHT_BIT,
    'bgr16': _EIGHT_BIT,
    'rgba16': _EIGHT_BIT,
    'bgra16': _EIGHT_BIT,
    **{f'bayer_{pattern}16': _EIGHT_BIT for pattern in _BAYER},
    '16UC1': 'it holds depth or HDR values: choose a colour image topic',
    '32FC1': 'it holds depth or HDR values: choose a colour image topic',
}


def decode_image(
    data: Buffer, height: int, width: int, step: int, encoding: str, is_bigendian: bool
) -> Image:
    """
    Convert the content of a ``sensor_msgs/Image`` to RGB.

    rgb8 without row padding comes back as a view of ``data``, read-only where the buffer is;
    everything else costs one OpenCV call. mono16 keeps its high byte.

    :param data: any C-contiguous buffer: array.array, bytes, memoryview, ndarray.
    :param step: bytes from one row to the next, at least the bytes of a row.
    :returns: (height, width, 3) uint8 RGB.
    :raises FrameError: no pixels, too many, a short step or buffer, an encoding not taken.
    """
    layout = _LAYOUTS.get(encoding)
    if layout is None:
        raise FrameError(_refusal(encoding))
    check_size(width, height, f'{encoding} image')
    if width % 2 and layout.conversion in _SHARED_CHROMA:
        raise FrameError(
            f'{encoding} image of {width}x{height}: pixels share colour in pairs, so that the '
            'width must be even; crop it at the driver'
        )
    content = memoryview(data)
    _check_buffer(content.nbytes, height, width, step, layout.pixel_bytes)
    shape, strides = (height, width, layout.pixel_bytes), (step, layout.pixel_bytes, 1)
    pixels = np.ndarray(shape, np.uint8, content, strides=strides)
    if encoding == 'mono16':
        high_byte = 0 if is_bigendian else 1
        pixels = np.ascontiguousarray(pixels[..., high_byte : high_byte + 1])
    if layout.conversion is None:
        return np.ascontiguousarray(pixels)
    return _convert(pixels, layout.conversion, encoding)


def decode_image_message(message: Any) -> Image:
    """
    Return the pixels of a sensor_msgs/Image, whichever library made it, as uint8 RGB (H, W, 3).

    :raises FrameError: as :func:`decode_image`.
    """
    return decode_image(
        message.data,
        message.height,
        message.width,
        message.step,
        message.encoding,
        bool(message.is_bigendian),
    )


def decode_compressed(data: Buffer, turns_upright: bool = False) -> Image:
    """
    Decode a JPEG, PNG, BMP, WebP or TIFF.

    16-bit images keep their high byte, grey becomes RGB, alpha is dropped.

    :param data: the whole content of the file or of a ``sensor_msgs/CompressedImage``.
    :param turns_upright: as the orientation in its EXIF says, for photographs; a calibration is of
        the pixels as they are stored.
    :returns: (H, W, 3) uint8 RGB.
    :raises FrameError: empty, truncated, not an image, or above ``image_pixels``.
    """
    flags = cv2.IMREAD_COLOR if turns_upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = decode_picture(bytes(data), flags)
    return _convert(decoded, cv2.COLOR_BGR2RGB, 'compressed')


def is_taken(encoding: str) -> bool:
    """Say whether :func:`decode_image` takes this encoding."""
    return encoding in _LAYOUTS


def _convert(pixels: Image, conversion: int, encoding: str) -> Image:
    try:
        converted: Image = cv2.cvtColor(pixels, conversion)
    except cv2.error as error:
        height, width = pixels.shape[:2]
        raise FrameError(
            f'{encoding} image of {width}x{height} cannot be converted: {first_line(error)}; '
            'let the driver publish bgr8'
        ) from error
    return converted


def _check_buffer(nbytes: int, height: int, width: int, step: int, pixel_bytes: int) -> None:
    if step < width * pixel_bytes:
        raise FrameError(
            f'step {step} is smaller than a row of {width} pixels of {pixel_bytes} bytes; '
            'the publisher fills the message wrongly'
        )
    if nbytes < step * height:
        raise FrameError(
            f'image data is {nbytes} bytes, step {step} x height {height} needs {step * height}; '
            'the message is truncated'
        )


def _refusal(encoding: str) -> str:
    known = _WAYS_ROUND.get(encoding)
    if known is not None:
        return f'encoding {encoding} is not taken: {known}'
    taken = ' '.join(TAKEN)
    return f'encoding {encoding!r} is unknown; taken are {taken}'
