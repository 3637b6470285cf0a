"""
Drives of picture files: plain folders, simulated ones, and data sets with lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.data.cameras import find_camera_file, fitted, read_camera
from steps_ros.data.drive_options import DriveOptions, NO_ODOMETRY
from steps_ros.data.drives import Drive, DriveFrame, Floats, UNREADABLE
from steps_ros.data.frames import Frame
from steps_ros.data.set_files import (
    depth_array,
    Doubles,
    matrix_camera,
    picture_of,
    stamp_of,
)
from steps_ros.data.sources import DEFAULT_RATE_HZ, IMAGES, list_images, open_source
from steps_ros.errors import FrameError, SourceError

STAMPS, POSES, DEPTH = 'stamps.txt', 'poses.txt', 'depth'
SECOND_NS = 1_000_000_000


class Entry(NamedTuple):
    """
    A picture to come.

    ``camera`` is None, a camera of the picture's shape, or K (3, 3) or larger of the picture as it
    is; ``depth`` an .npy of metres, None where there is none.
    """

    picture: Path
    stamp_ns: int
    sequence: int = 0
    camera: Camera | Doubles | None = None
    depth: Path | None = None
    speed_mps: float | None = None
    position: Doubles | None = None


class ListedDrive(Drive):
    """Picture files, read one by one."""

    def __init__(self, path: Path, kind: str, entries: Sequence[Entry], also: Sequence[Path]):
        """
        Take the entries in their order.

        :param also: other files that decide what the frames are: camera, lists, stamps.
        """
        super().__init__()
        self.name, self.kind = str(path), kind
        self.frame_count = len(entries)
        depths = [entry.depth for entry in entries if entry.depth is not None]
        self.has_depth = bool(depths)
        self.content = [*also, *(entry.picture for entry in entries), *depths]
        self._entries = entries

    @property
    def missing_camera(self) -> str:
        """Say how to give one."""
        if any(entry.camera is not None for entry in self._entries):
            return 'its camera does not fit its images; correct it or give --intrinsics FILE'
        return 'it has no camera; write a camera.yaml beside the images or give --intrinsics FILE'

    def __iter__(self) -> Iterator[DriveFrame]:
        """Yield the pictures that can be read."""
        self.unread.clear()
        made = 0
        for entry in self._entries:
            try:
                item = _read(entry)
            except FrameError as error:
                self.skip(error)
                continue
            made += 1
            yield item
        if not made:
            raise SourceError(f'{self.name}: none of {len(self._entries)} images can be read')

    def close(self) -> None:
        """Do nothing: each file is open while it is read."""


class VideoDrive(Drive):
    """The frames of a video."""

    kind = 'video'
    has_depth = False

    def __init__(self, path: Path, options: DriveOptions) -> None:
        """
        Open the video.

        :raises SourceError: it cannot be decoded, or the camera file beside it is damaged.
        """
        super().__init__()
        self._source = open_source(path, rate_hz=options.rate_hz)
        self.name, self.frame_count = str(path), self._source.frame_count
        camera = find_camera_file(path.parent)
        self.content = [path] if camera is None else [path, camera]

    @property
    def missing_camera(self) -> str:
        """Say how to give one."""
        if self._source.calibration:
            return f'{self._source.calibration} does not fit its size; give --intrinsics FILE'
        return 'it has no camera; write a camera.yaml beside it or give --intrinsics FILE'

    def __iter__(self) -> Iterator[DriveFrame]:
        """Yield the frames that can be decoded."""
        made = 0
        for frame in self._source:
            made += 1
            yield DriveFrame(frame)
        if self._source.skipped:
            self.unread[UNREADABLE] = len(self._source.skipped)
        seen, expected = made + self.unread.total(), self.frame_count or 0
        # What a video says of its own length may be one too many.
        if seen < expected - 1:
            self.damage = (
                f'it ends after {seen} of {expected} frames, {1 - seen / expected:.0%} are lost'
            )

    def close(self) -> None:
        """Close the video."""
        self._source.close()


def folder_drive(path: Path, options: DriveOptions) -> ListedDrive:
    """
    List a folder of pictures, or a simulated one with its stamps, its depth and its motion.

    :raises SourceError: no pictures, or a damaged list or camera.
    """
    folder = path / IMAGES if (path / IMAGES).is_dir() else path
    pictures = list_images(folder) or list_images(path)
    if not pictures:
        open_source(path)  # says what is wrong with it
        raise SourceError(f'{path} holds no image')
    camera_file = find_camera_file(pictures[0].parent)
    camera = None if camera_file is None else read_camera(camera_file)
    also = [file for file in (camera_file, path / STAMPS, path / POSES) if file and file.is_file()]
    if path / STAMPS in also:
        kind, stamps = 'simulated', _stamps(path / STAMPS, len(pictures))
    else:
        step_ns = SECOND_NS / (options.rate_hz or DEFAULT_RATE_HZ)
        kind, stamps = 'folder', [round(index * step_ns) for index in range(len(pictures))]
    is_guided = options.odometry_topic != NO_ODOMETRY
    places = _places(path / POSES, len(pictures)) if is_guided else None
    entries = [
        Entry(picture, stamp, 0, camera, _depth(path, picture), speed, place)
        for picture, stamp, speed, place in zip(
            pictures, stamps, _speeds(places, stamps), _rows(places, stamps), strict=True
        )
    ]
    return ListedDrive(path, kind, entries, also)


def _read(entry: Entry) -> DriveFrame:
    image = picture_of(entry.picture)
    height, width = image.shape[:2]
    if entry.camera is None or isinstance(entry.camera, Camera):
        camera = fitted(entry.camera, width, height)
    else:
        camera = matrix_camera(entry.camera, image)
    frame = Frame(entry.stamp_ns, image, camera, entry.picture.stem)
    depth = _read_depth(entry.depth)
    return DriveFrame(frame, entry.sequence, depth, entry.speed_mps, entry.position)


def _read_depth(path: Path | None) -> Floats | None:
    return None if path is None else depth_array(path)


def _depth(root: Path, picture: Path) -> Path | None:
    path = root / DEPTH / f'{picture.stem}.npy'
    return path if path.is_file() else None


def _stamps(path: Path, count: int) -> list[int]:
    try:
        stamps = [stamp_of(word) for word in path.read_text(encoding='utf-8').split()]
    except (OSError, ValueError) as error:
        raise SourceError(f'{path} holds no stamps in nanoseconds: {error}; correct it') from error
    if len(stamps) != count:
        raise SourceError(f'{path} has {len(stamps)} stamps for {count} images; correct it')
    return stamps


def _places(path: Path, count: int) -> Doubles | None:
    """Return where the frames were, (count, 3), where poses (KITTI, 12 numbers a line) say it."""
    if not path.is_file():
        return None
    try:
        places = np.loadtxt(path, ndmin=2).reshape(-1, 3, 4)[:, :, 3]
        if not np.isfinite(places).all():
            raise ValueError('one is not finite')
    except ValueError as error:
        reason = ' '.join(str(error).split())
        raise SourceError(f'{path} holds no poses of 12 numbers: {reason}; correct it') from error
    return places if len(places) == count else None


def _rows(places: Doubles | None, stamps: list[int]) -> list[Doubles | None]:
    return [None] * len(stamps) if places is None else [*places]


def _speeds(places: Doubles | None, stamps: list[int]) -> list[float | None]:
    """Return m/s from the last frame to each."""
    if places is None:
        return [None] * len(stamps)
    steps_s = np.diff(np.array(stamps)) / SECOND_NS
    ways = np.linalg.norm(np.diff(places, axis=0), axis=1)
    with np.errstate(divide='ignore', invalid='ignore'):
        return [None, *np.where(steps_s > 0, ways / steps_s, np.inf).tolist()]
