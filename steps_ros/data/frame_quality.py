"""
Which frames of a drive can teach something: not black, not blinded, not the last one again.

Everything is judged on a grey picture of a few hundred pixels, in which the noise of a night
camera is averaged away and the motion of a vehicle is not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.data.frames import Image

BLACK = 'black'
SATURATED = 'saturated'
STANDSTILL = 'standstill'

THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT = 32, 18
# A covered lens; the darkest street of the trials has its brightest percent at 64 and more.
BLACK_LEVEL, BLACK_SHARE = 16, 0.99
SATURATED_LEVEL, SATURATED_SHARE = 250, 0.5

Floats = NDArray[np.float32]


def thumbnail(image: Image) -> Floats:
    """Return the small grey picture (18, 32), 0 to 255, of (H, W, 3) uint8 RGB."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    size = (THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)


def exposure_fault(small: Floats) -> str:
    """Return ``black`` or ``saturated`` for a thumbnail on which nothing is seen, else nothing."""
    if np.mean(small < BLACK_LEVEL) >= BLACK_SHARE:
        return BLACK
    if np.mean(small >= SATURATED_LEVEL) > SATURATED_SHARE:
        return SATURATED
    return ''


def change(small: Floats, other: Floats) -> float:
    """Return the mean absolute difference of two thumbnails in grey levels."""
    return float(np.abs(small - other).mean())
