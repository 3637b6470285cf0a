"""
Pictures of a bent lens as a pinhole camera would have taken them.
"""

from __future__ import annotations

from functools import lru_cache
import math
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.core.distortion import coefficients, is_bent, is_fisheye
from steps_ros.data.distortion import fold, pixels_of, rays_at
from steps_ros.data.frames import Image
from steps_ros.errors import FrameError

Floats = NDArray[np.float32]

# More of a rectified picture than this outside the original: the matrices are of another lens.
LARGEST_OUTSIDE = 0.8
# Of tangents on the way to the fold that floats make.
FOLD_MARGIN = 1e-3
# A pinhole picture of a wider view is all edge; and a focal length of so many times the lens's
# own that would still look beyond the original is of no lens.
WIDEST_VIEW, LONGEST_FOCAL = math.radians(120), 4.0
# Places along each edge that must lie in the original, and halvings of the focal length's bounds.
EDGE_PLACES, HALVINGS = 65, 24


class Rectification(NamedTuple):
    """
    What turns the pictures of one bent lens into those of a pinhole camera of the same size.

    ``columns`` and ``rows`` are OpenCV's fixed-point maps. ``inside`` (H, W) says which pixels
    the original picture has something for; None where it has for all.
    """

    camera: Camera
    columns: NDArray[Any]
    rows: NDArray[Any]
    inside: NDArray[np.bool_] | None

    def straightened(self, image: Image) -> Image:
        """
        Return a picture (H, W, 3) as the pinhole camera sees it.

        Pixels that the original has nothing for repeat its edge.
        """
        border = cv2.BORDER_REPLICATE
        maps = self.columns, self.rows
        return np.asarray(cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=border), np.uint8)


def rectification(camera: Camera, straight: Camera | None = None) -> Rectification:
    """
    Return what rectifies the pictures of a camera that bends; takes many times what using it does.

    :param straight: the pinhole camera to look through, of the same size. None takes the one with
        the shortest focal length with which no pixel lies outside the original picture and the
        view is no wider than 120 degrees.
    :raises FrameError: an unknown distortion model, or coefficients that fit no picture.
    """
    bends, size = np.array(coefficients(camera)), (camera.width, camera.height)
    seen = straight or _closest(camera)
    module = cv2.fisheye if is_fisheye(camera) else cv2
    columns, rows = module.initUndistortRectifyMap(
        np.array(camera.matrix), bends, np.eye(3), np.array(seen.matrix), size, cv2.CV_32FC1
    )
    inside = _inside(columns, rows, camera) & _ahead_of_fold(seen, camera)
    if 1 - inside.mean() > LARGEST_OUTSIDE:
        raise _unfit(camera)
    fixed = cv2.convertMaps(columns, rows, cv2.CV_16SC2)
    return Rectification(seen, fixed[0], fixed[1], None if inside.all() else inside)


def rectified_camera(camera: Camera) -> Camera:
    """
    Return the pinhole camera of the rectified picture, which has the same size.

    Its focal length is the shortest with which no pixel lies outside the original picture and
    the view is no wider than 120 degrees. A camera without distortion is returned as it is.

    :raises FrameError: as :func:`rectification`.
    """
    return _rectification(camera).camera if is_bent(camera) else camera


def rectify(image: Image, camera: Camera) -> Image:
    """
    Return the picture that :func:`rectified_camera` sees.

    :param image: (H, W, 3), of the size of the camera.
    :raises FrameError: as :func:`rectification`.
    """
    return _rectification(camera).straightened(image) if is_bent(camera) else image


def rectify_depth(depth: Floats, camera: Camera) -> Floats:
    """
    Return depth along the optical axis as :func:`rectified_camera` sees it; nothing is mixed.

    :param depth: (H, W) of any size with the camera's shape.
    """
    if not is_bent(camera):
        return depth
    height, width = depth.shape
    maps = _rectification(camera.resized(width, height))
    # With fixed-point maps OpenCV's nearest pixel is up to a whole one beside the nearest.
    places = cv2.convertMaps(maps.columns, maps.rows, cv2.CV_32FC1)
    moved = cv2.remap(depth, *places, cv2.INTER_NEAREST, borderValue=float('nan'))
    return np.asarray(moved, np.float32)


def rectified_places(columns: Floats, rows: Floats, camera: Camera) -> tuple[Floats, Floats]:
    """
    Return where places of the original picture are in the rectified one.

    :param columns: (N,) pixels, centres at integers; ``rows`` likewise.
    """
    if not is_bent(camera) or not len(columns):
        return columns, rows
    pixels, seen = np.stack([columns, rows], -1).astype(np.float64), rectified_camera(camera)
    across, down = rays_at(pixels, camera).T
    places = seen.fx * across + seen.cx, seen.fy * down + seen.cy
    return places[0].astype(np.float32), places[1].astype(np.float32)


@lru_cache(maxsize=4)
def _rectification(camera: Camera) -> Rectification:
    return rectification(camera)


def _closest(camera: Camera) -> Camera:
    """
    Return the pinhole camera that sees as much as it can and nothing beyond the picture.

    Its picture has the same ray in its middle, and keeps the shape of the pixels. OpenCV's own
    choice starts from rays that its iteration does not find for wide lenses.
    """
    middle = np.array([[(camera.width - 1) / 2, (camera.height - 1) / 2]])
    ((across, down),) = rays_at(middle, camera).tolist()

    def zoomed(zoom: float) -> Camera:
        fx, fy = camera.fx * zoom, camera.fy * zoom
        cx, cy = middle[0, 0] - fx * across, middle[0, 1] - fy * down
        return Camera(camera.width, camera.height, fx, fy, float(cx), float(cy))

    nearest = camera.width / 2 / math.tan(WIDEST_VIEW / 2) / camera.fx
    if _sees_nothing_beyond(zoomed(nearest), camera):
        return zoomed(nearest)
    farthest = LONGEST_FOCAL
    if not _sees_nothing_beyond(zoomed(farthest), camera):
        raise _unfit(camera)
    for _ in range(HALVINGS):
        tried = math.sqrt(nearest * farthest)
        if _sees_nothing_beyond(zoomed(tried), camera):
            farthest = tried
        else:
            nearest = tried
    return zoomed(farthest)


def _sees_nothing_beyond(seen: Camera, camera: Camera) -> bool:
    along, beside = np.linspace(0, seen.width - 1, EDGE_PLACES), np.zeros(EDGE_PLACES)
    down = np.linspace(0, seen.height - 1, EDGE_PLACES)
    columns = np.concatenate([along, along, beside, beside + seen.width - 1])
    rows = np.concatenate([beside, beside + seen.height - 1, down, down])
    rays = np.stack([(columns - seen.cx) / seen.fx, (rows - seen.cy) / seen.fy], -1)
    if np.hypot(*rays.T).max() >= fold(camera) * (1 - FOLD_MARGIN):
        return False
    across, below = pixels_of(rays, camera).T
    return bool(
        across.min() >= 0
        and across.max() <= camera.width - 1
        and below.min() >= 0
        and below.max() <= camera.height - 1
    )


def _inside(columns: NDArray[Any], rows: NDArray[Any], camera: Camera) -> NDArray[np.bool_]:
    across = (columns >= -1) & (columns <= camera.width)
    return np.asarray(across & (rows >= -1) & (rows <= camera.height), np.bool_)


def _ahead_of_fold(seen: Camera, camera: Camera) -> NDArray[np.bool_]:
    """Say which pixels look less far off the axis than where the lens runs back."""
    across = (np.arange(seen.width) - seen.cx) / seen.fx
    down = (np.arange(seen.height) - seen.cy) / seen.fy
    far = fold(camera) * (1 - FOLD_MARGIN)
    return np.asarray(np.hypot(across[None], down[:, None]) < far, np.bool_)


def _unfit(camera: Camera) -> FrameError:
    return FrameError(
        f'distortion {camera.distortion_model} {camera.distortion} does not fit a picture of '
        f'{camera.width}x{camera.height}; calibrate the camera, or rectify with image_proc'
    )
