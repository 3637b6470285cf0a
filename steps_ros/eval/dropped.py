"""
Why a picture gives no sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
import logging

from steps_ros.errors import FrameError

NO_PAIR = 'no reference within tolerance'
NO_PICTURE = 'image cannot be decoded'
NO_PREDICTION = 'recorded depth cannot be decoded'
BAD_REFERENCE = 'reference cannot be decoded'
NOTHING_VALID = 'no reference value in the picture'
NO_CAMERA = 'no camera_info for this picture'
NO_POSE = 'no transform at its time'

logger = logging.getLogger(__name__)


class DroppedError(FrameError):
    """A picture without a sample: ``reason`` is short and counted, the message is the whole."""

    def __init__(self, reason: str, line: str) -> None:
        """Store both."""
        super().__init__(line)
        self.reason = reason


@contextmanager
def dropping(reason: str) -> Iterator[None]:
    """Give any :class:`FrameError` of the block a reason, where it has none."""
    try:
        yield
    except DroppedError:
        raise
    except FrameError as error:
        raise DroppedError(reason, str(error)) from error


class Tally:
    """Counts drops by reason and remembers the first line of each."""

    def __init__(self, name: str, counts: Counter[str]) -> None:
        """Count into ``counts``, from 0; ``name`` begins the lines that are logged."""
        counts.clear()
        self._name = name
        self._counts = counts
        self._lines: dict[str, str] = {}

    def drop(self, error: DroppedError) -> None:
        """Count one; the first of each reason is logged."""
        if error.reason not in self._lines:
            self._lines[error.reason] = str(error)
            logger.warning('%s: %s: %s', self._name, error.reason, error)
        self._counts[error.reason] += 1

    def nothing(self) -> str:
        """Return the line for a source without a single sample."""
        if not self._counts:
            return f'{self._name} holds no picture; choose another input'
        reason, count = self._counts.most_common(1)[0]
        return (
            f'{self._name}: none of {self._counts.total()} pictures has a usable reference; '
            f'{count}: {reason}; {self._lines[reason]}'
        )
