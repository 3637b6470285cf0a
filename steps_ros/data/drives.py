"""
Drives: frames in order, with what training wants to know of each beside its picture.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.closing import Closing
from steps_ros.data.frames import Frame
from steps_ros.errors import FrameError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

UNREADABLE = 'cannot be read'
MAX_WARNINGS = 5

logger = logging.getLogger(__name__)


class Places(NamedTuple):
    """
    Depth measured at N places of a picture.

    ``columns`` and ``rows`` (N,) float32 pixels, centres at integers; ``depth`` (N,) float32
    metres along the optical axis.
    """

    columns: Floats
    rows: Floats
    depth: Floats


class DriveFrame(NamedTuple):
    """
    A frame of a drive.

    ``sequence`` counts up where the drive is cut; ``depth`` is (H, W) metres in the geometry of
    the picture, +inf sky, NaN unknown, or the places that a LiDAR has hit; ``position`` (3,) is
    where odometry has the vehicle, metres. These and ``speed_mps`` are None where nobody measured
    them.
    """

    frame: Frame
    sequence: int = 0
    depth: Floats | Places | None = None
    speed_mps: float | None = None
    position: Doubles | None = None


class Drive(Closing):
    """
    One recording, folder, video or data set: iterate over its frames, close it after use.

    ``name`` is its path and ``kind`` a word for what it is; ``frame_count`` is None where only the
    end will tell; ``has_depth`` and ``has_odometry`` say whether frames may have depth, and
    positions; ``content`` lists the files and folders that its frames come from; ``crop`` (width,
    height) is cut from the middle of each picture where the data set is used so. After a pass
    ``unread`` counts frames that could not be read, by reason, and ``damage`` says where a damaged
    recording ended.
    """

    name: str
    kind: str
    frame_count: int | None
    has_depth: bool
    has_odometry: bool = False
    content: Sequence[Path]
    crop: tuple[int, int] | None = None
    damage: str = ''

    def __init__(self) -> None:
        """Begin to count."""
        self.unread: Counter[str] = Counter()

    def skip(self, error: FrameError) -> None:
        """Count a frame that cannot be read; the first few are logged."""
        self.unread[UNREADABLE] += 1
        if self.unread.total() <= MAX_WARNINGS:
            logger.warning('%s: skipped: %s', self.name, error)

    @property
    @abstractmethod
    def missing_camera(self) -> str:
        """Say what is missing where a frame has no camera, and the remedy."""

    @abstractmethod
    def __iter__(self) -> Iterator[DriveFrame]:
        """
        Yield the frames that can be read, in order.

        :raises SourceError: none can.
        """
