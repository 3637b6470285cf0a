"""
What every source of images yields.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera

Image: TypeAlias = NDArray[np.uint8]


class Frame(NamedTuple):
    """
    One image with its time and its camera.

    ``stamp_ns`` is in nanoseconds; ``image`` is (H, W, 3) RGB and may be a read-only view of the
    message that it came in; ``camera`` has the size of the image, None when nothing calibrates
    it; ``stem`` names the files made from this frame.
    """

    stamp_ns: int
    image: Image
    camera: Camera | None = None
    stem: str = ''


class Skipped(NamedTuple):
    """A frame that could not be used, and why."""

    stem: str
    reason: str
