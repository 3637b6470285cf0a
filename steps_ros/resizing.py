"""
Pictures at another size, the same for what trains and for what predicts.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV takes the mean of two by two pixels several times as fast as that of fractions of pixels.
# From here on halving first changes the result by less than moving the camera by one pixel.
HALVED_FROM = 3


def resize_image(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """
    Resize an 8-bit image: area means when it shrinks, linear when it grows, untouched when equal.

    :param image: (H, W, 3) or (H, W).
    :returns: (height, width, 3) or (height, width).
    """
    tall, wide = image.shape[:2]
    if (tall, wide) == (height, width):
        return image
    if tall >= HALVED_FROM * height and wide >= HALVED_FROM * width and not (tall % 2 or wide % 2):
        image = _resized(image, tall // 2, wide // 2, cv2.INTER_AREA)
    shrinks = tall >= height and wide >= width
    return _resized(image, height, width, cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _resized(
    image: NDArray[np.uint8], height: int, width: int, interpolation: int
) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)
