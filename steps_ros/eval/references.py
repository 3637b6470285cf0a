"""
References out of depth pictures and point clouds, and what of them counts.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.image_decoding import decode_picture
from steps_ros.data.set_files import read_bytes
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.dropped import DroppedError, NOTHING_VALID
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.occlusion import hidden
from steps_ros.eval.projection import project
from steps_ros.eval.samples import Reference

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Visible:
    """Which places of a picture are looked at: all but a mask's black pixels and the bonnet."""

    def __init__(self, settings: InputSettings) -> None:
        """
        Read the mask.

        :raises SourceError: it is no picture, or black all over.
        """
        self._bonnet = settings.bonnet
        self._mask: NDArray[np.uint8] | None = None
        if settings.mask is not None:
            try:
                mask = decode_picture(read_bytes(settings.mask), cv2.IMREAD_GRAYSCALE)
            except FrameError as error:
                raise SourceError(f'{settings.mask} is no mask: {error}') from error
            if not mask.any():
                raise SourceError(f'{settings.mask} is black all over; white is what counts')
            self._mask = mask

    def kept(self, reference: Reference) -> Reference:
        """Return what of a reference lies where the picture is looked at."""
        if self._mask is None and not self._bonnet:
            return reference
        height, width = reference.size
        inside = reference.rows < height * (1 - self._bonnet) - 0.5
        if self._mask is not None:
            rows = _scaled(reference.rows, height, self._mask.shape[0])
            columns = _scaled(reference.columns, width, self._mask.shape[1])
            inside &= self._mask[rows, columns] > 0
        return _chosen(reference, inside)


def reference_from_depth(depth: Floats, size: tuple[int, int]) -> Reference:
    """
    Return every finite depth above 0 at its pixel.

    A depth picture of another size is scaled as :meth:`Camera.resized` does, without a half-pixel
    term: column u of w becomes u * width / w, which need be no integer.

    :param depth: (h, w) metres; NaN, +Inf, 0 and below are no reference.
    :param size: height and width of the picture.
    :raises DroppedError: there is not a single one.
    """
    height, width = depth.shape
    with np.errstate(invalid='ignore'):
        valid = (depth > 0) & (depth < np.inf)
    if not valid.any():
        raise DroppedError(
            NOTHING_VALID,
            f'depth of {width}x{height} has no value above 0: all are 0, NaN or infinite; '
            'look at its sensor, or choose another --reference-topic',
        )
    columns, rows = _grid(height, width, *size)
    return Reference(columns[valid], rows[valid], depth[valid], size)


def reference_from_points(points: Floats, camera: Camera, settings: InputSettings) -> Reference:
    """
    Return the points of a cloud that the camera sees.

    :param points: (N, 3) metres in camera axes (right, down, forward).
    :raises DroppedError: none falls into the picture.
    :raises FrameError: a distortion model that is not known.
    """
    size = camera.height, camera.width
    places = project(points, camera)
    if not len(places.depth):
        raise DroppedError(
            NOTHING_VALID,
            f'none of {len(points)} LiDAR points falls into the picture; look at the transform '
            'from LiDAR to camera, and at camera_info',
        )
    reference = Reference(places.columns, places.rows, places.depth, size)
    if not settings.is_occlusion_filtered:
        return reference
    blocked = hidden(*reference[:3], camera, settings.occlusion)
    return _chosen(reference, ~blocked)


def transformed(target_from_source: Doubles, points: Floats) -> Floats:
    """Return points (N, 3) in another frame."""
    moved = points @ target_from_source[:3, :3].T.astype(np.float32)
    moved += target_from_source[:3, 3].astype(np.float32)
    return np.asarray(moved, np.float32)


def _chosen(reference: Reference, chosen: Bools) -> Reference:
    columns, rows, depth, size = reference
    if not chosen.any():
        raise DroppedError(
            NOTHING_VALID,
            f'all {len(depth)} reference values are masked or hidden; '
            'look at the mask and the bonnet share',
        )
    return Reference(columns[chosen], rows[chosen], depth[chosen], size)


def _scaled(places: Floats, size: int, target: int) -> NDArray[np.int64]:
    scaled = np.floor((places + 0.5) * (target / size)).astype(np.int64)
    return np.asarray(np.clip(scaled, 0, target - 1))


@lru_cache(maxsize=2)
def _grid(height: int, width: int, target_height: int, target_width: int) -> tuple[Floats, Floats]:
    across = np.arange(width, dtype=np.float64) * target_width / width
    down = np.arange(height, dtype=np.float64) * target_height / height
    columns, rows = np.meshgrid(across.astype(np.float32), down.astype(np.float32))
    return columns, rows
