"""
Where a bent lens shows a ray, and from where on it shows none.
"""

from __future__ import annotations

from functools import lru_cache
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.core.distortion import coefficients, is_bent, is_fisheye

Doubles = NDArray[np.float64]

# How finely and how far off the axis a lens is looked at.
SAMPLES = 2000
WIDEST = math.radians(89.5)
# The five steps that OpenCV takes by itself leave whole pixels at the edge of a wide lens.
EXACT = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-9)


def pixels_of(rays: Doubles, camera: Camera) -> Doubles:
    """
    Return the places (N, 2) in the picture, column and row, of rays (N, 2): x / z and y / z.

    Those beyond :func:`fold` have none; what is returned for them means nothing.

    :raises FrameError: a distortion model that is not known.
    """
    if not is_bent(camera) or not len(rays):
        return rays * (camera.fx, camera.fy) + (camera.cx, camera.cy)
    bends = np.array(coefficients(camera), np.float64)
    return _distorted(rays, is_fisheye(camera), bends, np.array(camera.matrix))


def rays_at(pixels: Doubles, camera: Camera, criteria: tuple[int, int, float] = EXACT) -> Doubles:
    """
    Return the rays (N, 2), x / z and y / z, that places (N, 2) of the picture see.

    :param criteria: when to stop, as OpenCV takes it.
    :raises FrameError: a distortion model that is not known.
    """
    bends, matrix = np.array(coefficients(camera), np.float64), np.array(camera.matrix)
    if not len(pixels):
        return np.zeros((0, 2))
    places = np.ascontiguousarray(pixels[:, None], np.float64)
    if is_fisheye(camera):
        rays = cv2.fisheye.undistortPoints(places, matrix, bends)
    elif hasattr(cv2, 'undistortPointsIter'):  # OpenCV 4
        rays = cv2.undistortPointsIter(places, matrix, bends, None, None, criteria)
    else:
        rays = cv2.undistortPoints(places, matrix, bends, None, None, None, criteria)
    return np.asarray(rays, np.float64).reshape(-1, 2)


@lru_cache(maxsize=16)
def fold(camera: Camera) -> float:
    """
    Return the tangent off the axis from which on the lens's polynomial runs back, or inf.

    :raises FrameError: a distortion model that is not known.
    """
    if not is_bent(camera):
        return math.inf
    bends = np.array(coefficients(camera), np.float64)
    if not is_fisheye(camera):
        # Without the tangential part, which has no circle on which it folds.
        bends[2:4] = 0
    tangents = np.tan(np.linspace(0, WIDEST, SAMPLES))
    rays = np.stack([tangents, np.zeros_like(tangents)], 1)
    radius = _distorted(rays, is_fisheye(camera), bends, np.eye(3))[:, 0]
    back = np.flatnonzero(np.diff(radius) <= 0)
    return float(tangents[back[0]]) if len(back) else math.inf


def _distorted(rays: Doubles, fisheye: bool, bends: Doubles, matrix: Doubles) -> Doubles:
    places = np.concatenate([rays, np.ones((len(rays), 1))], 1)[:, None]
    zero = np.zeros(3)
    module = cv2.fisheye if fisheye else cv2
    pixels, _ = module.projectPoints(places, zero, zero, matrix, bends)
    return np.asarray(pixels).reshape(-1, 2)
