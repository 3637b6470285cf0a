"""
When each frame of an input is due, and what time it is in the input while it is played.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from steps_ros.data.frames import Frame
from steps_ros.errors import SettingsError

NANOSECONDS = 1_000_000_000
MAX_RATE_FACTOR = 100


class Timed(NamedTuple):
    """A frame and when to send it, in seconds after the first."""

    due_s: float
    frame: Frame


def timed(
    frames: Iterator[Frame], rate_hz: float | None, rate_factor: float = 1.0
) -> Iterator[Timed]:
    """
    Give each frame its time: evenly at the rate, or by the distance of the stamps.

    :param rate_factor: how many times faster than the stamps.
    """
    first_ns = None
    for index, frame in enumerate(frames):
        first_ns = frame.stamp_ns if first_ns is None else first_ns
        own_s = (frame.stamp_ns - first_ns) / NANOSECONDS
        yield Timed(own_s / rate_factor if rate_hz is None else index / rate_hz, frame)


def checked_rate_factor(value: str | float) -> float:
    """
    Return how many times faster than its stamps an input is played.

    :raises SettingsError: it is no number above 0 and up to 100.
    """
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= MAX_RATE_FACTOR:
        raise SettingsError(
            f'rate factor {value} must be above 0 and at most {MAX_RATE_FACTOR}; 1 is real time'
        )
    return factor


class PlayClock:
    """
    The time of the input while it is played.

    It begins at the first stamp, goes ``rate_factor`` times as fast as the time on the wall,
    never goes back, and never passes the stamp of a frame that has still to be sent.
    """

    def __init__(self, first_ns: int, rate_factor: float = 1.0) -> None:
        self._first_ns = first_ns
        self._rate_factor = rate_factor
        self._now_ns = first_ns

    def at(self, elapsed_s: float, next_ns: int) -> int:
        """
        Return the time, in nanoseconds.

        :param elapsed_s: seconds on the wall since the first frame was due.
        :param next_ns: stamp of the frame to be sent next.
        """
        reached_ns = self._first_ns + round(elapsed_s * self._rate_factor * NANOSECONDS)
        self._now_ns = max(self._now_ns, min(reached_ns, next_ns))
        return self._now_ns
