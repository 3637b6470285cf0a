"""
The ray of each pixel of a camera, with its lens undone.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError

Floats = NDArray[np.float32]


@lru_cache(maxsize=8)
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
    if any(camera.distortion):
        return _undistorted(camera, np.stack([columns, rows], axis=-1))
    return np.stack([(columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy])


def _undistorted(camera: Camera, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    lens = cv2.fisheye if camera.distortion_model in ('equidistant', 'fisheye') else cv2
    coefficients = np.array(camera.distortion, np.float64)
    try:
        rays = lens.undistortPoints(
            pixels.reshape(-1, 1, 2), np.array(camera.matrix), coefficients
        )
    except cv2.error as error:
        raise FrameError(
            f'{camera.distortion_model} distortion {camera.distortion} cannot be undone; '
            'calibrate the camera again'
        ) from error
    return np.moveaxis(np.asarray(rays, np.float64).reshape(pixels.shape), -1, 0)
