"""
What clouds are made in: arrays that are kept from frame to frame, each filled in one pass.

A mask is 255 where a pixel is kept and 0 elsewhere, as OpenCV's comparisons give it.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.inference.cloud_filters import edge_reach, flying_room, FlyingRoom

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

COLOUR_BITS = np.uint32(0x00FFFFFF)


class CloudRoom(NamedTuple):
    """
    Arrays of the size of a cloud, (h, w).

    ``values`` and ``mask`` are for what is computed on the way; ``unknown`` is NaN throughout;
    ``kept`` is what becomes points; ``rows`` (h, W, 4) the colour in whole rows, ``rgb`` packed;
    ``cloud`` (h, w, 4).
    """

    z: Floats
    x: Floats
    y: Floats
    values: Floats
    rgb: Floats
    kept: Bytes
    mask: Bytes
    unknown: Floats
    rows: Bytes
    cloud: Floats
    flying: FlyingRoom


class CloudBuffers:
    """The arrays for clouds of one camera, made anew when picture or stride change size."""

    def __init__(self) -> None:
        self._key: tuple[int, ...] = ()
        self._room: CloudRoom | None = None

    def fitting(self, size: tuple[int, ...], stride: int) -> CloudRoom:
        """Return the arrays for every stride-th pixel of pictures of (height, width)."""
        if self._room is None or self._key != (*size, stride):
            self._key, self._room = (*size, stride), _made(size[0], size[1], stride)
        return self._room


def _made(height: int, width: int, stride: int) -> CloudRoom:
    shape = -(-height // stride), -(-width // stride)
    z, x, y, values, rgb = (np.empty(shape, np.float32) for _ in range(5))
    kept, mask = (np.empty(shape, np.uint8) for _ in range(2))
    return CloudRoom(
        z, x, y, values, rgb, kept, mask,
        unknown=np.full(shape, np.nan, np.float32),
        rows=np.empty((shape[0], width, 4), np.uint8),
        cloud=np.empty((*shape, 4), np.float32),
        # Pixels of a cloud that are far apart are judged by the whole picture.
        flying=flying_room(shape if edge_reach(width, stride) else (height, width)),
    )  # fmt: skip


def keep_between(room: CloudRoom, values: Floats, least: float, most: float) -> None:
    """Keep only where a value is at least the one and at most the other; NaN is not."""
    cv2.inRange(values, least, most, room.mask)
    cv2.bitwise_and(room.kept, room.mask, room.kept)


def leave_out(room: CloudRoom, found: Bytes) -> None:
    """Keep nothing where another mask is 255."""
    cv2.subtract(room.kept, found, room.kept)


def cut_holes(room: CloudRoom) -> None:
    """Make the depth of what is not kept NaN."""
    cv2.bitwise_not(room.kept, room.mask)
    cv2.copyTo(room.unknown, room.mask, room.z)


def packed(room: CloudRoom, colour: Bytes | None, stride: int) -> Floats:
    """
    Put x, y, z and colour together.

    :param colour: (H, W, 3) RGB; None for black.
    """
    bits = room.rgb.view(np.uint32)
    if colour is None:
        bits.fill(0)
    else:
        # In memory, least byte first: blue, green, red, and an alpha that becomes 0.
        cv2.cvtColor(colour[::stride], cv2.COLOR_RGB2BGRA, room.rows)
        np.bitwise_and(room.rows.view(np.uint32)[:, ::stride, 0], COLOUR_BITS, out=bits)
    cv2.merge([room.x, room.y, room.z, room.rgb], room.cloud)
    return room.cloud
