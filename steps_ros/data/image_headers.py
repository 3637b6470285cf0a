"""
The size that an image file claims, read without decoding it.

Decoders allocate what the header asks for and fill what is missing with grey, so that size and
completeness are looked at first. What is in none of these formats is not given to a decoder.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from steps_ros.errors import FrameError

JPEG_START = b'\xff\xd8\xff'
JPEG_END = b'\xff\xd9'
PNG_START = b'\x89PNG\r\n\x1a\n'
PNG_END = b'IEND'
# At 8 KiB a chunk, as libpng writes them, this is 800 MB.
MOST_CHUNKS = 100_000
# Deflate makes no more bytes of one; a picture has a bit for each pixel and a byte for each row.
MOST_INFLATED = 1032
START_OF_SCAN = 0xDA
# SOF0 to SOF15 carry the size; C4, C8 and CC in their midst are other tables.
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
TIFF_ORDERS = {b'II*\x00': '<', b'MM\x00*': '>'}
TIFF_WIDTH, TIFF_HEIGHT, TIFF_SHORT = 256, 257, 3
TIFF_TILE_WIDTH, TIFF_TILE_HEIGHT = 322, 323


class ImageHeader(NamedTuple):
    """
    Format, size in pixels, and whether the end is there and so much can be in the file.

    The size is that of a tile where tiles are larger than the picture.
    """

    format: str
    width: int
    height: int
    is_complete: bool


def read_header(data: bytes) -> ImageHeader | None:
    """
    Read the header of a JPEG, PNG, BMP, WebP or TIFF.

    :returns: None for every other format; size 0 x 0 where the header itself is damaged.
    :raises FrameError: a PNG of more than ``MOST_CHUNKS`` chunks.
    """
    if data.startswith(JPEG_START):
        return _jpeg_header(data)
    if data.startswith(PNG_START):
        return _png_header(data)
    try:
        return _rarer_header(data)
    except struct.error:
        return ImageHeader('image', 0, 0, is_complete=False)


def _rarer_header(data: bytes) -> ImageHeader | None:
    if data.startswith(b'BM'):
        return _bmp_header(data)
    if data.startswith(b'RIFF') and data[8:12] == b'WEBP':
        return _webp_header(data)
    if data[:4] in TIFF_ORDERS:
        return _tiff_header(data, TIFF_ORDERS[data[:4]])
    return None


def _png_header(data: bytes) -> ImageHeader:
    if len(data) < 24 or data[12:16] != b'IHDR':
        return ImageHeader('png', 0, 0, is_complete=False)
    width, height = struct.unpack('>II', data[16:24])
    is_held = height * (1 + width // 8) <= MOST_INFLATED * len(data)
    return ImageHeader('png', width, height, is_held and _has_all_chunks(data))


def _has_all_chunks(data: bytes) -> bool:
    """Walk to the end; a decoder allocates the length of a chunk before it looks for it."""
    position = len(PNG_START)
    for _ in range(MOST_CHUNKS):
        if position + 8 > len(data):
            return False
        length, kind = struct.unpack_from('>I4s', data, position)
        if kind == PNG_END:
            return bool(length == 0)
        position += 12 + int(length)
    raise FrameError(f'png has more than {MOST_CHUNKS} chunks; save it again with fewer')


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


def _bmp_header(data: bytes) -> ImageHeader:
    (length,) = struct.unpack_from('<I', data, 14)
    # The oldest form has 16 bits; a negative height says that the rows run downwards.
    width, height = struct.unpack_from('<HH' if length == 12 else '<ii', data, 18)
    return ImageHeader('bmp', abs(width), abs(height), is_complete=True)


def _webp_header(data: bytes) -> ImageHeader:
    (length,) = struct.unpack_from('<I', data, 4)
    is_complete = len(data) >= length + 8
    if data[12:16] == b'VP8X':
        low_width, high_width, low_height, high_height = struct.unpack_from('<HBHB', data, 24)
        width, height = high_width << 16 | low_width, high_height << 16 | low_height
        return ImageHeader('webp', width + 1, height + 1, is_complete)
    if data[12:16] == b'VP8L':
        (bits,) = struct.unpack_from('<I', data, 21)
        return ImageHeader('webp', (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, is_complete)
    width, height = struct.unpack_from('<HH', data, 26)
    return ImageHeader('webp', width & 0x3FFF, height & 0x3FFF, is_complete)


def _tiff_header(data: bytes, order: str) -> ImageHeader:
    """Look through the first directory, whose picture is the one that is decoded."""
    (start,) = struct.unpack_from(f'{order}I', data, 4)
    (count,) = struct.unpack_from(f'{order}H', data, start)
    found = dict.fromkeys((TIFF_WIDTH, TIFF_HEIGHT, TIFF_TILE_WIDTH, TIFF_TILE_HEIGHT), 0)
    for position in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f'{order}HH', data, position)
        if tag in found:
            number = f'{order}H' if kind == TIFF_SHORT else f'{order}I'
            (found[tag],) = struct.unpack_from(number, data, position + 8)
    width, height, tile_width, tile_height = found.values()
    # A decoder has memory for the whole of a tile, which may be larger than the picture.
    if 0 < width * height < tile_width * tile_height:
        width, height = tile_width, tile_height
    return ImageHeader('tiff', width, height, is_complete=True)
