"""
The size that a JPEG or PNG claims, read without decoding it.

Decoders allocate what the header asks for and fill what is missing with grey, so that size and
completeness are looked at first.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

JPEG_START = b'\xff\xd8\xff'
JPEG_END = b'\xff\xd9'
PNG_START = b'\x89PNG\r\n\x1a\n'
PNG_END = b'IEND'
START_OF_SCAN = 0xDA
# SOF0 to SOF15 carry the size; C4, C8 and CC in their midst are other tables.
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


class ImageHeader(NamedTuple):
    """Format, size in pixels, and whether the end of the file is there."""

    format: str
    width: int
    height: int
    is_complete: bool


def read_header(data: bytes) -> ImageHeader | None:
    """
    Read the header of a JPEG or PNG.

    :returns: None for every other format; size 0 x 0 where the header itself is damaged.
    """
    if data.startswith(JPEG_START):
        return _jpeg_header(data)
    if data.startswith(PNG_START):
        return _png_header(data)
    return None


def _png_header(data: bytes) -> ImageHeader:
    if len(data) < 24 or data[12:16] != b'IHDR':
        return ImageHeader('png', 0, 0, is_complete=False)
    width, height = struct.unpack('>II', data[16:24])
    return ImageHeader('png', width, height, is_complete=data.rfind(PNG_END) > 24)


def _jpeg_header(data: bytes) -> ImageHeader:
    """Walk the segments up to the first scan; a thumbnail's own end marker comes before it."""
    width = height = 0
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker in WITHOUT_LENGTH:
            position += 2
        elif marker == START_OF_SCAN:
            is_complete = data.find(JPEG_END, position) >= 0
            return ImageHeader('jpeg', width, height, is_complete)
        else:
            if marker in START_OF_FRAME and position + 9 <= len(data):
                height, width = struct.unpack_from('>HH', data, position + 5)
            position += 2 + int.from_bytes(data[position + 2 : position + 4], 'big')
    return ImageHeader('jpeg', width, height, is_complete=False)
