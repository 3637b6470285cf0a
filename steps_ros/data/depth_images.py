"""
Depth in metres out of Image and compressedDepth messages (REP-118).
"""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.data.image_decoding import check_size, decode_picture
from steps_ros.data.image_headers import PNG_START
from steps_ros.errors import FrameError

Floats = NDArray[np.float32]

# Element type and metres of a unit; integer depth has no value where it is 0.
_ENCODINGS = {'32FC1': ('f4', 1.0), '16UC1': ('u2', 0.001), 'mono16': ('u2', 0.001)}
COMPRESSED_DEPTH = 'compresseddepth'
# The header of compressed_depth_image_transport: enum format (int32), depthParam[2] (float32).
_HEADER = struct.Struct('<iff')


def is_depth_encoding(encoding: str) -> bool:
    """Say whether :func:`decode_depth` takes an Image of this encoding as depth."""
    return encoding in _ENCODINGS


def decode_depth(message: Any) -> Floats:
    """
    Read a ``sensor_msgs/Image`` of depth, in 32FC1 metres or 16UC1 millimetres.

    :returns: (H, W) float32 metres; NaN unknown (0 of a 16UC1), the rest as it is.
    :raises FrameError: another encoding, no pixels, fewer bytes than its size says.
    """
    known = _ENCODINGS.get(message.encoding)
    if known is None:
        raise FrameError(
            f'encoding {message.encoding!r} holds no depth; taken are 32FC1 (metres) and 16UC1 '
            '(millimetres): choose another topic'
        )
    kind, unit = known
    element = np.dtype(('>' if message.is_bigendian else '<') + kind)
    content = memoryview(message.data)
    height, width, step = message.height, message.width, message.step
    row = width * element.itemsize
    if not height or not width or step < row or content.nbytes < step * height:
        raise FrameError(
            f'depth image of {width}x{height}, step {step} does not fit its {content.nbytes} '
            'bytes; the message is truncated'
        )
    check_size(width, height, 'depth image')
    pixels = np.ndarray((height, width), element, content, strides=(step, element.itemsize))
    return _metres(pixels, unit)


def decode_compressed_depth(message: Any) -> Floats:
    """
    Read a ``sensor_msgs/CompressedImage`` of compressedDepth with PNG content.

    :returns: as :func:`decode_depth`.
    :raises FrameError: RVL, no PNG of 16 bits behind its header, or one of too many pixels.
    """
    encoding = message.format.partition(';')[0].strip()
    content = bytes(message.data)
    start = content.find(PNG_START, 0, 64)
    if start < 0:
        raise FrameError(
            f'compressed depth of format {message.format!r} holds no PNG; convert it with '
            '`ros2 run image_transport republish compressedDepth raw`'
        )
    pixels = decode_picture(content[start:], cv2.IMREAD_UNCHANGED)
    if pixels.dtype != np.uint16 or pixels.ndim != 2:
        raise FrameError('compressed depth cannot be decoded as a PNG of 16 bits; record it again')
    if encoding != '32FC1' or start < _HEADER.size:
        return _metres(pixels, 0.001)
    _, scale, offset = _HEADER.unpack_from(content)
    # Inverse depth is what the transport quantises: depth = scale / (value - offset).
    with np.errstate(divide='ignore', invalid='ignore'):
        depth = scale / (pixels.astype(np.float32) - offset)
    return np.where((pixels > 0) & (depth > 0), depth, np.nan).astype(np.float32)


def _metres(pixels: NDArray[Any], unit: float) -> Floats:
    depth = pixels.astype(np.float32)
    if unit == 1.0:
        return depth
    depth *= np.float32(unit)
    depth[pixels == 0] = np.nan
    return depth
