"""
Open whatever frames can be trained on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steps_ros.data.cameras import find_camera_file
from steps_ros.data.drives import Drive, DriveFrame
from steps_ros.data.frames import Source
from steps_ros.data.sources import IMAGES, open_source

UNREADABLE = 'cannot be read'


@dataclass(frozen=True)
class DriveOptions:
    """
    How a drive is to be read.

    Topics are chosen by type where they are None; ``intrinsics`` is a camera file that replaces
    whatever the drive says; ``rate_hz`` belongs to folders without stamps, and to videos, whose
    own rate is taken where it is None.
    """

    image_topic: str | None = None
    info_topic: str | None = None
    depth_topic: str | None = None
    odometry_topic: str | None = None
    intrinsics: Path | None = None
    rate_hz: float | None = None


class SourceDrive(Drive):
    """Images of a bag, a folder or a video, with nothing beside them."""

    has_depth = False

    def __init__(self, path: Path, options: DriveOptions) -> None:
        """
        Open the source.

        :raises SourceError: as :func:`open_source`.
        """
        super().__init__()
        self._source: Source = open_source(
            path, options.image_topic, options.rate_hz, options.info_topic
        )
        self.name, self.kind = self._source.name, self._source.kind
        self.frame_count = self._source.frame_count
        self.content = [path, *_camera_files(path, self.kind)]
        self.missing_camera = 'write a camera.yaml beside it or give --intrinsics FILE'

    def __iter__(self) -> Iterator[DriveFrame]:
        """Yield the frames of the source."""
        for frame in self._source:
            yield DriveFrame(frame)
        if self._source.skipped:
            self.unread[UNREADABLE] = len(self._source.skipped)

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def open_drive(path: Path, options: DriveOptions) -> Drive:
    """
    Open a drive of any kind.

    :raises SourceError: missing, of no known kind, empty or not readable.
    """
    return SourceDrive(path, options)


def _camera_files(path: Path, kind: str) -> list[Path]:
    """Return the camera file that calibrates a folder or a video, where it lies outside of it."""
    if kind == 'bag':
        return []
    images = path / IMAGES if (path / IMAGES).is_dir() else path
    found = find_camera_file(images if path.is_dir() else path.parent)
    return [] if found is None or path in found.parents else [found]
