"""
Points into the picture of a camera, distorted or not.
"""

from __future__ import annotations

from functools import lru_cache
import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.distortion import coefficients, is_bent, is_fisheye

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

NEAREST_M = 0.1
# How finely and how far off the axis a lens is looked at.
SAMPLES = 2000
WIDEST = math.radians(89.5)


class Projected(NamedTuple):
    """
    The points that fall into a picture.

    ``columns``, ``rows`` (M,) float32 pixels, centres at integers; ``depth`` (M,) float32 metres
    along the optical axis; ``indices`` (M,) which of the points they are.
    """

    columns: Floats
    rows: Floats
    depth: Floats
    indices: NDArray[np.int64]


def project(points: Floats, camera: Camera) -> Projected:
    """
    Project points (N, 3) in camera axes (right, down, forward) to exact places.

    Points nearer than 0.1 m, behind the camera or outside the picture are left out, and so are
    those far off the axis that the polynomial of a distorted lens would fold back into it.

    :raises FrameError: a distortion model that is not known.
    """
    ahead = np.flatnonzero(points[:, 2] > NEAREST_M)
    points = points[ahead]
    rays = (points[:, :2] / points[:, 2:]).astype(np.float64)
    pixels = _pixels(rays, camera)
    inside = _inside(pixels, camera)
    if is_bent(camera):
        inside &= np.linalg.norm(rays, axis=1) < _fold(camera)
    columns, rows = pixels[inside].astype(np.float32).T
    return Projected(columns, rows, points[inside, 2], ahead[inside])


def _pixels(rays: Doubles, camera: Camera) -> Doubles:
    if not is_bent(camera) or not len(rays):
        return rays * (camera.fx, camera.fy) + (camera.cx, camera.cy)
    return _distorted(rays, camera, coefficients(camera), np.array(camera.matrix))


def _distorted(rays: Doubles, camera: Camera, bends: Doubles, matrix: Doubles) -> Doubles:
    places = np.concatenate([rays, np.ones((len(rays), 1))], 1)[:, None]
    zero = np.zeros(3)
    module = cv2.fisheye if is_fisheye(camera) else cv2
    pixels, _ = module.projectPoints(places, zero, zero, matrix, bends)
    return np.asarray(pixels).reshape(-1, 2)


@lru_cache(maxsize=4)
def _fold(camera: Camera) -> float:
    """Return the tangent off the axis from which on the lens's polynomial runs back, or inf."""
    bends = coefficients(camera)
    if not is_fisheye(camera):
        # Without the tangential part, which has no circle on which it folds.
        bends[2:4] = 0
    tangents = np.tan(np.linspace(0, WIDEST, SAMPLES))
    rays = np.stack([tangents, np.zeros_like(tangents)], 1)
    radius = _distorted(rays, camera, bends, np.eye(3))[:, 0]
    back = np.flatnonzero(np.diff(radius) <= 0)
    return float(tangents[back[0]]) if len(back) else math.inf


def _inside(pixels: Doubles, camera: Camera) -> NDArray[np.bool_]:
    column, row = pixels[:, 0], pixels[:, 1]
    across = (column >= -0.5) & (column < camera.width - 0.5)
    return np.asarray(across & (row >= -0.5) & (row < camera.height - 0.5))
