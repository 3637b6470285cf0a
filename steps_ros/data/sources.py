"""
Open an image, a folder, a video or a bag as one stream of frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
import logging
import math
import os
from pathlib import Path
import re

import cv2

from steps_ros.core.camera import Camera
from steps_ros.data.bag_checks import METADATA
from steps_ros.data.bag_source import BagSource
from steps_ros.data.bags import BAG_SUFFIXES
from steps_ros.data.cameras import find_camera_file, fitted, read_camera
from steps_ros.data.encodings import decode_compressed
from steps_ros.data.frames import Attempt, Frame, Image, Source
from steps_ros.data.paths import exists
from steps_ros.data.set_files import read_bytes
from steps_ros.errors import SourceError
from steps_ros.limits import require_within
from steps_ros.regular_file import require_regular

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.webp', '.tif', '.tiff')
VIDEO_SUFFIXES = ('.mp4', '.avi', '.mkv', '.mov', '.m4v', '.webm', '.mpg', '.mpeg', '.ts')
IMAGES = 'images'
DEFAULT_RATE_HZ = 5.0
# What a video says of its own rate beyond these is damage.
SLOWEST_HZ, FASTEST_HZ = 0.001, 10_000.0
NANOSECONDS = 1_000_000_000

logger = logging.getLogger(__name__)


def open_source(
    path: Path | str,
    image_topic: str | None = None,
    rate_hz: float | None = DEFAULT_RATE_HZ,
    info_topic: str | None = None,
) -> Source:
    """
    Open an image, a folder of images, a video or a bag.

    A folder is taken in natural order, or its subfolder ``images``; a camera.yaml beside the
    images or one folder up calibrates them. Images and videos have the stamps index / rate_hz;
    messages of a bag have their own, and the camera of the topic beside the image's.

    :param image_topic: which images of a bag; its only colour image topic where None.
    :param rate_hz: of folders and videos; None takes a video's own rate.
    :param info_topic: camera_info of a bag; the one beside the images where None.
    :raises SourceError: missing, of no known type, empty or not readable.
    """
    path = Path(path)
    if not exists(path):
        raise SourceError(f'{path} does not exist; check the path')
    if path.is_dir():
        if (path / METADATA).exists():
            return BagSource(path, image_topic, info_topic)
        return _open_folder(path, rate_hz or DEFAULT_RATE_HZ)
    require_regular(path, str(path), SourceError)
    suffix = path.suffix.lower()
    if suffix in BAG_SUFFIXES:
        return BagSource(path, image_topic, info_topic)
    if suffix in IMAGE_SUFFIXES:
        return ImageFiles(path, 'image', [path], rate_hz or DEFAULT_RATE_HZ)
    if suffix in VIDEO_SUFFIXES:
        return Video(path, rate_hz)
    known = ' '.join((*IMAGE_SUFFIXES, *VIDEO_SUFFIXES, *BAG_SUFFIXES))
    raise SourceError(f'{path} is of no known type; known are folders and {known}')


def list_images(folder: Path) -> list[Path]:
    """
    Return the images of a folder in natural order: 2 before 10.

    :raises SourceError: two files have the same stem, so that their results would collide.
    """
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith('.')
    ]
    paths.sort(key=_natural)
    by_stem: dict[str, Path] = {}
    for path in paths:
        other = by_stem.setdefault(path.stem, path)
        if other is not path:
            raise SourceError(
                f'{folder} has {other.name} and {path.name}, whose results would have the same '
                'name; rename one'
            )
    return paths


class ImageFiles(Source):
    """Image files, one after the other; they may differ in size."""

    def __init__(self, path: Path, kind: str, paths: Sequence[Path], rate_hz: float) -> None:
        """
        Take the files as they are listed.

        :raises SourceError: a camera file beside them is damaged.
        """
        camera_file = find_camera_file(paths[0].parent)
        calibration = '' if camera_file is None else str(camera_file)
        super().__init__(str(path), kind, len(paths), calibration)
        self._paths = paths
        self._rate_hz = rate_hz
        self._camera = None if camera_file is None else read_camera(camera_file)

    def _attempts(self) -> Iterator[Attempt]:
        for index, path in enumerate(self._paths):
            yield Attempt(path.stem, partial(self._read, index, path))

    def _read(self, index: int, path: Path) -> Frame:
        image = decode_compressed(read_bytes(path), turns_upright=self._camera is None)
        return _frame(index, self._rate_hz, image, self._camera, path.stem)


class Video(Source):
    """A video file, decoded while it is read."""

    def __init__(self, path: Path, rate_hz: float | None) -> None:
        """
        Open the video once to see whether it decodes.

        :raises SourceError: it does not, or its frames are above ``image_pixels``.
        """
        # ffmpeg would write lines of its own about a file that the error already names.
        os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
        # A file that is a play list in truth must not make it ask the network.
        os.environ.setdefault('OPENCV_FFMPEG_CAPTURE_OPTIONS', 'protocol_whitelist;file')
        camera_file = find_camera_file(path.parent)
        self._path = path
        capture = self._open()
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        own_rate_hz = capture.get(cv2.CAP_PROP_FPS)
        size = [capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)]
        capture.release()
        self._check_size(*map(int, size))
        calibration = '' if camera_file is None else str(camera_file)
        super().__init__(str(path), 'video', count if count > 0 else None, calibration)
        is_known = SLOWEST_HZ <= own_rate_hz <= FASTEST_HZ
        self._rate_hz = rate_hz or (own_rate_hz if is_known else DEFAULT_RATE_HZ)
        self._camera = None if camera_file is None else read_camera(camera_file)

    def _attempts(self) -> Iterator[Attempt]:
        capture = self._open()
        index = 0
        try:
            while True:
                decoded, image = capture.read()
                if not decoded:
                    break
                # A stream may change its size on the way.
                self._check_size(*image.shape[:2])
                yield Attempt(f'{index:06d}', partial(self._convert, index, image))
                index += 1
        finally:
            capture.release()
        if self.frame_count is not None and index < self.frame_count - 1:
            logger.warning(
                '%s ends after %d of %d frames; it may be truncated',
                self.name,
                index,
                self.frame_count,
            )

    def _convert(self, index: int, image: Image) -> Frame:
        rgb: Image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return _frame(index, self._rate_hz, rgb, self._camera, f'{index:06d}')

    def _check_size(self, *size: int) -> None:
        what = f'{self._path}: a frame'
        require_within('image_pixels', math.prod(size), what, SourceError)

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise SourceError(
                f'{self._path} is no video that can be decoded; convert it to an h264 .mp4'
            )
        return capture


def _open_folder(path: Path, rate_hz: float) -> Source:
    nested = path / IMAGES
    paths = (list_images(nested) if nested.is_dir() else []) or list_images(path)
    if paths:
        return ImageFiles(path, 'folder', paths, rate_hz)
    recordings = sorted(item for item in path.iterdir() if item.suffix.lower() in BAG_SUFFIXES)
    if recordings:
        raise SourceError(
            f'{path} has no {METADATA}; give {recordings[0]} itself, or run `ros2 bag reindex`'
        )
    raise SourceError(f'{path} holds no image; known are {" ".join(IMAGE_SUFFIXES)}')


def _frame(index: int, rate_hz: float, image: Image, camera: Camera | None, stem: str) -> Frame:
    height, width = image.shape[:2]
    stamp_ns = round(index * NANOSECONDS / rate_hz)
    return Frame(stamp_ns, image, fitted(camera, width, height), stem)


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r'(\d+)', path.name)
    return [(int(part), '') if part.isdigit() else (-1, part) for part in parts]
