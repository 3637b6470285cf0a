"""
Points into the picture of a camera, distorted or not.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

NEAREST_M = 0.1
FISHEYE_MODELS = ('equidistant', 'fisheye', 'kannala_brandt4')
POLYNOMIAL_MODELS = ('plumb_bob', 'rational_polynomial')
# Lengths of distortion vectors that OpenCV takes.
_LENGTHS = (4, 5, 8, 12, 14)
# A pixel that goes back to another ray than the one that came is one that the lens never sees.
RETURN_TOLERANCE = 0.02
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-6)


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
    if any(camera.distortion):
        inside[inside] = _returns(pixels[inside], rays[inside], camera)
    columns, rows = pixels[inside].astype(np.float32).T
    return Projected(columns, rows, points[inside, 2], ahead[inside])


def _pixels(rays: Doubles, camera: Camera) -> Doubles:
    if any(camera.distortion) and len(rays):
        ones = np.concatenate([rays, np.ones((len(rays), 1))], 1)[:, None]
        matrix, zero = np.array(camera.matrix), np.zeros(3)
        if camera.distortion_model in FISHEYE_MODELS:
            return _flat(
                cv2.fisheye.projectPoints(ones, zero, zero, matrix, _coefficients(camera))
            )
        return _flat(cv2.projectPoints(ones, zero, zero, matrix, _coefficients(camera)))
    return rays * (camera.fx, camera.fy) + (camera.cx, camera.cy)


def _returns(pixels: Doubles, rays: Doubles, camera: Camera) -> NDArray[np.bool_]:
    """Say which pixels, freed of their distortion, are the rays that they came from."""
    if not len(pixels):
        return np.zeros(0, np.bool_)
    matrix, coefficients = np.array(camera.matrix), _coefficients(camera)
    if camera.distortion_model in FISHEYE_MODELS:
        back = cv2.fisheye.undistortPoints(pixels[:, None], matrix, coefficients)
    else:
        back = cv2.undistortPoints(pixels[:, None], matrix, coefficients, criteria=_STOP)
    apart = np.linalg.norm(back[:, 0] - rays, axis=1)
    return np.asarray(apart <= RETURN_TOLERANCE * (1 + np.linalg.norm(rays, axis=1)))


def _coefficients(camera: Camera) -> Doubles:
    given, model = camera.distortion, camera.distortion_model
    if model in FISHEYE_MODELS:
        return np.array((*given, 0.0, 0.0, 0.0, 0.0)[:4])
    length = next((length for length in _LENGTHS if length >= len(given)), 0)
    if model not in POLYNOMIAL_MODELS or not length:
        raise FrameError(
            f'distortion model {model!r} with {len(given)} coefficients is not known; rectify the '
            'images with image_proc'
        )
    return np.array((*given, *(0.0,) * (length - len(given))))


def _inside(pixels: Doubles, camera: Camera) -> NDArray[np.bool_]:
    column, row = pixels[:, 0], pixels[:, 1]
    across = (column >= -0.5) & (column < camera.width - 0.5)
    return np.asarray(across & (row >= -0.5) & (row < camera.height - 0.5))


def _flat(result: tuple[Doubles, Doubles]) -> Doubles:
    return np.asarray(result[0]).reshape(-1, 2)
