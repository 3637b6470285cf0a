"""
Encoded pictures to pixels, after a look at the size that they claim.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.data.image_headers import read_header
from steps_ros.errors import first_line, FrameError
from steps_ros.limits import require_within


def decode_picture(content: bytes, flags: int) -> NDArray[Any]:
    """
    Decode a JPEG, PNG, BMP, WebP or TIFF.

    :param content: the whole file.
    :param flags: of ``cv2.imdecode``, which says what comes back.
    :raises FrameError: empty, truncated, of another format, above ``image_pixels`` or
        ``unpacked_bytes``.
    """
    if not content:
        raise FrameError('compressed image is empty (0 bytes); look at what publishes it')
    require_within('unpacked_bytes', len(content), 'compressed image', FrameError)
    header = read_header(content)
    if header is None:
        raise _no_picture(content)
    check_size(header.width, header.height, header.format)
    if not header.is_complete:
        raise FrameError(
            f'{header.format} of {len(content)} bytes is truncated: its end is missing; '
            'copy or record it again'
        )
    try:
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except (cv2.error, MemoryError) as error:
        raise FrameError(
            f'image of {len(content)} bytes cannot be decoded: {first_line(error)}; '
            'scale it down or save it again'
        ) from error
    if decoded is None:
        raise _no_picture(content)
    return np.asarray(decoded)


def check_size(width: int, height: int, what: str) -> None:
    """
    Hold the size of a picture against ``image_pixels``, before there is memory for it.

    :raises FrameError: it has no pixels, or too many.
    """
    if width <= 0 or height <= 0:
        raise FrameError(f'{what} of {width}x{height} has no pixels; look at what publishes it')
    require_within('image_pixels', width * height, f'{what} of {width}x{height}', FrameError)


def _no_picture(content: bytes) -> FrameError:
    return FrameError(
        f'{len(content)} bytes beginning with {content[:4].hex()} are no jpeg or png that can '
        'be decoded, nor bmp, webp or tiff; video streams (h264, hevc) need '
        '`ros2 run image_transport republish`'
    )
