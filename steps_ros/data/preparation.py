"""
A frame of a drive as the store keeps it: rectified, cut and resized, with the camera that fits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.data.cameras import check_plausible, fitted
from steps_ros.data.drives import Drive, DriveFrame, Floats, Places
from steps_ros.data.frames import Image
from steps_ros.data.rectification import (
    rectified_camera,
    rectified_places,
    rectify,
    rectify_depth,
)
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import FrameError, SourceError
from steps_ros.resizing import resize_image


class Prepared(NamedTuple):
    """
    A picture of the store's size.

    ``image`` (H, W, 3) uint8 RGB, ``camera`` without distortion, ``depth`` (H, W) float32 metres
    or None.
    """

    image: Image
    camera: Camera
    depth: Floats | None


class _Cut(NamedTuple):
    """What is kept of a picture, in its own pixels."""

    left: int
    top: int
    width: int
    height: int


class Preparation:
    """Prepares the frames of one drive, which all have one size."""

    def __init__(self, drive: Drive, settings: StoreSettings, given: Camera | None) -> None:
        """Take what is the same for all frames; ``given`` replaces the cameras of the drive."""
        self._drive = drive
        self._settings = settings
        self._given = given
        self._size: tuple[int, int] | None = None

    def check_size(self, item: DriveFrame) -> None:
        """
        Look at a frame before it is prepared.

        :raises SourceError: its size is not that of the frames before it.
        """
        height, width = item.frame.image.shape[:2]
        self._size = self._size or (width, height)
        if self._size != (width, height):
            raise SourceError(
                f'{self._drive.name}: the image size changes from {_words(self._size)} to '
                f'{_words((width, height))} at {item.frame.stem}; split it there and give the '
                'parts one by one'
            )

    def prepared(self, item: DriveFrame) -> Prepared:
        """
        Prepare one frame; any number of threads may do so at once.

        :raises SourceError: it has no camera, or one that does not fit.
        """
        frame = item.frame
        height, width = frame.image.shape[:2]
        bent = self._camera(frame.camera, width, height)
        try:
            camera, image = rectified_camera(bent), rectify(frame.image, bent)
        except FrameError as error:
            raise SourceError(f'{self._drive.name}: {error}') from error
        cut = self._cut(width, height)
        size = (self._settings.height, self._settings.width)
        depth = None
        measured = item.depth if self._settings.depth else None
        if isinstance(measured, Places):
            depth = _scattered(measured, bent, cut, size)
        elif measured is not None:
            depth = _fitted_depth(rectify_depth(measured, bent), (height, width), cut, size)
        return Prepared(
            resize_image(_cropped(image, cut), *size),
            camera.cropped(*cut).resized(size[1], size[0]),
            depth,
        )

    def _camera(self, found: Camera | None, width: int, height: int) -> Camera:
        name = self._drive.name
        if self._given is not None:
            camera = fitted(self._given, width, height)
            there = (self._given.width, self._given.height)
            if camera is None:
                raise SourceError(
                    f'the intrinsics are of {_words(there)}, the images of {name} are '
                    f'{_words((width, height))}; give the intrinsics of this camera'
                )
        elif found is not None:
            camera = found
        else:
            raise SourceError(f'{name}: {self._drive.missing_camera}')
        try:
            check_plausible(camera, 'K')
        except FrameError as error:
            raise SourceError(f'{name}: {error}, or give --intrinsics FILE') from error
        return camera

    def _cut(self, width: int, height: int) -> _Cut:
        wide, high = self._drive.crop or (width, height)
        wide, high = min(wide, width), min(high, height)
        left, top = (width - wide) // 2, (height - high) // 2
        return _Cut(left, top, wide, max(1, round(high * (1 - self._settings.bonnet))))


def _cropped(image: Image, cut: _Cut) -> Image:
    return image[cut.top : cut.top + cut.height, cut.left : cut.left + cut.width]


def _fitted_depth(
    depth: Floats, picture: tuple[int, int], cut: _Cut, size: tuple[int, int]
) -> Floats:
    """Read depth, of any size, at the nearest place of every stored pixel; nothing is mixed."""
    rows = cut.top + (np.arange(size[0]) + 0.5) * (cut.height / size[0])
    columns = cut.left + (np.arange(size[1]) + 0.5) * (cut.width / size[1])
    down, across = depth.shape[0] / picture[0], depth.shape[1] / picture[1]
    places = (rows * down).astype(int)[:, None], (columns * across).astype(int)[None]
    return np.asarray(depth[places], np.float32)


def _scattered(places: Places, bent: Camera, cut: _Cut, size: tuple[int, int]) -> Floats:
    """Write each measurement into its stored pixel, NaN into the others; the nearest one stays."""
    columns, rows = rectified_places(places.columns, places.rows, bent)
    across = np.floor((columns + 0.5 - cut.left) * (size[1] / cut.width))
    down = np.floor((rows + 0.5 - cut.top) * (size[0] / cut.height))
    inside = (across >= 0) & (across < size[1]) & (down >= 0) & (down < size[0])
    order = np.flatnonzero(inside)[np.argsort(-places.depth[inside], kind='stable')]
    depth = np.full(size, np.nan, np.float32)
    depth[down[order].astype(int), across[order].astype(int)] = places.depth[order]
    return depth


def _words(size: tuple[int, int]) -> str:
    return f'{size[0]}x{size[1]}'
