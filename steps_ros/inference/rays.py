"""
The ray of each pixel of a camera, with its lens undone.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.core.distortion import coefficients, is_bent, is_fisheye

Floats = NDArray[np.float32]


@lru_cache(maxsize=32)
def camera_rays(camera: Camera, stride: int = 1) -> Floats:
    """
    Return x / z and y / z of every stride-th pixel; computed once per camera.

    :returns: (2, ceil(H / stride), ceil(W / stride)), not to be written to.
    :raises FrameError: distortion coefficients that no lens model has.
    """
    u, v = np.meshgrid(
        np.arange(0, camera.width, stride, dtype=np.float64),
        np.arange(0, camera.height, stride, dtype=np.float64),
    )
    single: Floats = np.ascontiguousarray(rays_of(camera, u, v), np.float32)
    single.setflags(write=False)
    return single


def rays_of(
    camera: Camera, columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """
    Return x / z and y / z (2, ...) of places (...) of the picture.

    :raises FrameError: as :func:`camera_rays`.
    """
    if is_bent(camera):
        return _straightened(camera, np.stack([columns, rows], axis=-1))
    return np.stack([(columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy])


def _straightened(camera: Camera, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    bends, places = np.array(coefficients(camera)), pixels.reshape(-1, 1, 2)
    matrix = np.array(camera.matrix)
    lens = cv2.fisheye if is_fisheye(camera) else cv2
    rays = lens.undistortPoints(places, matrix, bends)
    return np.moveaxis(np.asarray(rays, np.float64).reshape(pixels.shape), -1, 0)
