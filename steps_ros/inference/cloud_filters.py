"""
Which pixels must not become points: those in the air, on the own vehicle, outside of interest.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.errors import SettingsError

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Corners = tuple[tuple[float, float], ...]

# Networks blur an edge over about this share of the picture's width.
EDGE_WIDTH = 0.01


class FlyingRoom(NamedTuple):
    """C-contiguous arrays of a depth's shape, in which flying pixels are looked for."""

    nearest: Floats
    farthest: Floats
    moved: Floats
    found: Bytes
    nearer: Bytes


def flying_room(shape: tuple[int, ...]) -> FlyingRoom:
    """Return new arrays."""
    nearest, farthest, moved = (np.empty(shape, np.float32) for _ in range(3))
    found, nearer = (np.empty(shape, np.uint8) for _ in range(2))
    return FlyingRoom(nearest, farthest, moved, found, nearer)


def flying_pixels(depth: Floats, ratio: float, reach: int, room: FlyingRoom) -> Bytes:
    """
    Return which pixels hang in the air between two surfaces.

    They are farther than the nearest pixel round them, and nearer than the farthest one, by more
    than the ratio. A surface up to its edge is one or the other, and so is a post before a wall.

    :param depth: (H, W), positive; NaN is left out, infinity is sky and farthest of all.
    :param ratio: 0.2 is a fifth.
    :param reach: how many pixels to each side are looked at.
    :returns: (H, W), 255 for those that do; part of the room.
    """
    window = np.ones((2 * reach + 1,) * 2, np.uint8)
    near = far = depth
    # The least of values with a NaN among them is NaN.
    if np.isnan(depth.min()):
        unknown = np.isnan(depth)
        near = np.where(unknown, np.float32(np.inf), depth)
        far = np.where(unknown, np.float32(0), depth)
    cv2.erode(near, window, room.nearest)
    cv2.dilate(far, window, room.farthest)
    factor = np.float32(1 + ratio)
    np.divide(depth, factor, out=room.moved)
    cv2.compare(room.moved, room.nearest, cv2.CMP_GT, room.found)
    np.multiply(depth, factor, out=room.moved)
    cv2.compare(room.moved, room.farthest, cv2.CMP_LT, room.nearer)
    cv2.bitwise_and(room.found, room.nearer, room.found)
    return room.found


def edge_reach(width: int, stride: int) -> int:
    """Return how many strided pixels of a picture so wide an edge is blurred over, 0 for none."""
    return round(EDGE_WIDTH * width / stride)


@lru_cache(maxsize=8)
def usable_pixels(size: tuple[int, int], stride: int, bonnet: Corners, region: Corners) -> Mask:
    """
    Return which pixels are in the region and not on the bonnet; computed once per setting.

    :param size: (height, width) of the picture.
    :param bonnet: corners of a polygon, shares of width and height; none for no bonnet.
    :param region: upper left and lower right corner, likewise; none for the whole picture.
    :returns: (ceil(H / stride), ceil(W / stride)), not to be written to.
    """
    height, width = size
    y = ((np.arange(0, height, stride) + 0.5) / height)[:, None]
    x = ((np.arange(0, width, stride) + 0.5) / width)[None]
    usable = ~_inside_polygon(x, y, bonnet)
    if region:
        (left, top), (right, bottom) = region
        usable &= (x >= left) & (x < right) & (y >= top) & (y < bottom)
    usable.setflags(write=False)
    return usable


@lru_cache(maxsize=8)
def corners(name: str, text: str) -> Corners:
    """
    Read corners from a text such as ``0.1,1 0.3,0.8 0.7,0.8 0.9,1``; empty is none.

    :param name: of the setting, for the message.
    :raises SettingsError: not pairs of numbers from 0 to 1.
    """
    try:
        pairs = tuple(tuple(float(number) for number in pair.split(',')) for pair in text.split())
    except ValueError:
        pairs = ((),)
    if any(len(pair) != 2 or not all(0 <= number <= 1 for number in pair) for pair in pairs):
        raise SettingsError(
            f'{name}: {text!r} is no list of corners; give shares of width and height, '
            'from 0 to 1, such as "0.1,1 0.3,0.8 0.7,0.8 0.9,1"'
        )
    return tuple((pair[0], pair[1]) for pair in pairs)


def _inside_polygon(x: NDArray[np.float64], y: NDArray[np.float64], polygon: Corners) -> Mask:
    """Return which points have an odd number of sides to their right."""
    inside = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.bool_)
    for (x0, y0), (x1, y1) in pairwise((*polygon, *polygon[:1])):
        if y0 == y1:
            continue
        crosses = (y0 <= y) != (y1 <= y)
        inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside
