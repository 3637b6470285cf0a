"""
Frames, and what every source of them has in common.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
import logging
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.closing import Closing
from steps_ros.errors import FrameError, SourceError

Image: TypeAlias = NDArray[np.uint8]

MAX_WARNINGS = 5

logger = logging.getLogger(__name__)


class Frame(NamedTuple):
    """
    One image with its time and its camera.

    ``stamp_ns`` is in nanoseconds; ``image`` is (H, W, 3) RGB and may be a read-only view of the
    message that it came in; ``camera`` has the size of the image, None when nothing calibrates
    it; ``stem`` names the files made from this frame; ``frame_id`` is the coordinate frame named
    by its message, empty where there is none.
    """

    stamp_ns: int
    image: Image
    camera: Camera | None = None
    stem: str = ''
    frame_id: str = ''


class Skipped(NamedTuple):
    """A frame that could not be used, and why."""

    stem: str
    reason: str


class Attempt(NamedTuple):
    """A frame to come: its stem is known, making it may raise :class:`FrameError`."""

    stem: str
    make: Callable[[], Frame]


class Source(Closing):
    """
    An image, folder, video or bag: iterate over its frames, close it after use.

    A frame that cannot be read is logged, kept in ``skipped`` and left out; a source of which
    no frame at all can be read raises :class:`SourceError` at its end. Nothing but the frame at
    hand is held in memory.

    ``name`` is the path, ``kind`` one of image, folder, video, bag; ``frame_count`` the best
    known number of frames, None where only the end will tell; ``calibration`` says where the
    cameras come from, empty where nothing calibrates the images.
    """

    def __init__(self, name: str, kind: str, frame_count: int | None, calibration: str) -> None:
        """Store what there is to know before the first frame."""
        self.name = name
        self.kind = kind
        self.frame_count = frame_count
        self.calibration = calibration
        self.skipped: list[Skipped] = []
        self._warned = 0
        self._resources = ExitStack()

    @abstractmethod
    def _attempts(self) -> Iterator[Attempt]:
        """Go through the frames from the first."""

    def __iter__(self) -> Iterator[Frame]:
        """
        Yield the frames that can be read, in order.

        :raises SourceError: none can.
        """
        self.skipped.clear()
        self._warned = usable = 0
        for attempt in self._attempts():
            try:
                frame = attempt.make()
            except FrameError as error:
                self.skipped.append(Skipped(attempt.stem, str(error)))
                continue
            usable += 1
            self._warn()
            yield frame
        if not usable:
            raise SourceError(self._nothing())
        self._warn()

    def close(self) -> None:
        """Let go of what the source holds open."""
        self._resources.close()

    def _warn(self) -> None:
        """Log the first skipped frames; not before a good one, else an error says it all."""
        for stem, reason in self.skipped[self._warned : MAX_WARNINGS]:
            logger.warning('%s: skipped %s: %s', self.name, stem, reason)
        self._warned = len(self.skipped)

    def _nothing(self) -> str:
        if not self.skipped:
            return f'{self.name} holds no image; choose another input'
        if self.kind == 'image':
            return f'{self.name} cannot be read: {self.skipped[0].reason}'
        first = f'{self.skipped[0].stem}: {self.skipped[0].reason}'
        return f'{self.name}: none of {len(self.skipped)} images can be read; the first, {first}'
