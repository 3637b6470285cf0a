"""
Pictures of a bent lens as a pinhole camera would have taken them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.distortion import coefficients, is_bent, is_fisheye
from steps_ros.data.frames import Image
from steps_ros.errors import FrameError

Floats = NDArray[np.float32]

# More of a rectified picture than this outside the original: the coefficients are of another lens.
LARGEST_OUTSIDE = 0.05


class _Rectifying(NamedTuple):
    """The camera of the rectified picture, and where OpenCV finds its pixels."""

    camera: Camera
    columns: NDArray[Any]
    rows: NDArray[Any]


def rectified_camera(camera: Camera) -> Camera:
    """
    Return the pinhole camera of the rectified picture, which has the same size.

    Its focal length is the shortest with which no pixel lies outside the original picture. A
    camera without distortion is returned as it is.

    :raises FrameError: an unknown distortion model, or coefficients that fit no picture.
    """
    return _rectifying(camera).camera if is_bent(camera) else camera


def rectify(image: Image, camera: Camera) -> Image:
    """
    Return the picture that :func:`rectified_camera` sees.

    :param image: (H, W, 3), of the size of the camera.
    :raises FrameError: as :func:`rectified_camera`.
    """
    if not is_bent(camera):
        return image
    maps = _rectifying(camera)
    return np.asarray(cv2.remap(image, maps.columns, maps.rows, cv2.INTER_LINEAR), np.uint8)


def rectify_depth(depth: Floats, camera: Camera) -> Floats:
    """
    Return depth along the optical axis as :func:`rectified_camera` sees it; nothing is mixed.

    :param depth: (H, W) of any size with the camera's shape.
    """
    if not is_bent(camera):
        return depth
    height, width = depth.shape
    maps = _rectifying(camera.resized(width, height))
    moved = cv2.remap(depth, maps.columns, maps.rows, cv2.INTER_NEAREST, borderValue=float('nan'))
    return np.asarray(moved, np.float32)


def rectified_places(columns: Floats, rows: Floats, camera: Camera) -> tuple[Floats, Floats]:
    """
    Return where places of the original picture are in the rectified one.

    :param columns: (N,) pixels, centres at integers; ``rows`` likewise.
    """
    if not is_bent(camera) or not len(columns):
        return columns, rows
    module = cv2.fisheye if is_fisheye(camera) else cv2
    pixels = np.stack([columns, rows], -1)[:, None].astype(np.float64)
    matrix, seen = np.array(camera.matrix), np.array(rectified_camera(camera).matrix)
    moved = module.undistortPoints(pixels, matrix, coefficients(camera), None, seen)
    across, down = np.asarray(moved, np.float32).reshape(-1, 2).T
    return across, down


@lru_cache(maxsize=4)
def _rectifying(camera: Camera) -> _Rectifying:
    size = (camera.width, camera.height)
    matrix, bends = np.array(camera.matrix), coefficients(camera)
    try:
        if is_fisheye(camera):
            seen = cv2.fisheye.estimateNewCameraMatrixForUndistortRectify(
                matrix, bends, size, np.eye(3), balance=0.0
            )
            maps = cv2.fisheye.initUndistortRectifyMap(
                matrix, bends, np.eye(3), seen, size, cv2.CV_32FC1
            )
        else:
            seen, _ = cv2.getOptimalNewCameraMatrix(matrix, bends, size, 0.0)
            maps = cv2.initUndistortRectifyMap(matrix, bends, None, seen, size, cv2.CV_32FC1)
    except cv2.error as error:
        raise _unfit(camera) from error
    (fx, _, cx), (_, fy, cy) = np.asarray(seen)[:2].tolist()
    if not (fx > 0 and fy > 0 and _is_inside(maps[0], maps[1], camera)):
        raise _unfit(camera)
    fixed = cv2.convertMaps(*maps, cv2.CV_16SC2)
    pinhole = replace(
        camera, fx=fx, fy=fy, cx=cx, cy=cy, distortion_model='plumb_bob', distortion=()
    )
    return _Rectifying(pinhole, *fixed)


def _is_inside(columns: NDArray[Any], rows: NDArray[Any], camera: Camera) -> bool:
    inside = (columns >= -1) & (columns <= camera.width) & (rows >= -1) & (rows <= camera.height)
    return bool(1 - inside.mean() <= LARGEST_OUTSIDE)


def _unfit(camera: Camera) -> FrameError:
    return FrameError(
        f'distortion {camera.distortion_model} {camera.distortion} does not fit a picture of '
        f'{camera.width}x{camera.height}; calibrate the camera, or rectify with image_proc'
    )
