"""
A frame as the scale is measured in it: small, since none of the measurements needs every pixel.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera

WIDTH = 256


class Seen(NamedTuple):
    """
    A frame, at most 256 pixels wide.

    ``image`` (h, w, 3) uint8 RGB; ``depth`` (h, w) float32 along the optical axis, in the unit of
    the network, not finite or <= 0 where unknown; ``camera`` of that size; ``stamp_ns`` and
    ``frame_id`` of the image.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    camera: Camera
    stamp_ns: int
    frame_id: str = ''


def seen(
    image: NDArray[np.uint8],
    depth: NDArray[np.float32],
    camera: Camera,
    stamp_ns: int,
    frame_id: str = '',
) -> Seen:
    """
    Make a frame small; image and depth may differ in size.

    :param camera: of the image or the depth.
    """
    width = min(WIDTH, image.shape[1])
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    size = (width, height)
    return Seen(
        np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST), np.float32),
        camera.resized(width, height),
        stamp_ns,
        frame_id,
    )
