"""
Points into the picture of a camera, distorted or not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.core.distortion import is_bent
from steps_ros.data.distortion import fold, pixels_of

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

NEAREST_M = 0.1


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
    pixels = pixels_of(rays, camera)
    inside = _inside(pixels, camera)
    if is_bent(camera):
        inside &= np.linalg.norm(rays, axis=1) < fold(camera)
    columns, rows = pixels[inside].astype(np.float32).T
    return Projected(columns, rows, points[inside, 2], ahead[inside])


def _inside(pixels: Doubles, camera: Camera) -> NDArray[np.bool_]:
    column, row = pixels[:, 0], pixels[:, 1]
    across = (column >= -0.5) & (column < camera.width - 0.5)
    return np.asarray(across & (row >= -0.5) & (row < camera.height - 0.5))
