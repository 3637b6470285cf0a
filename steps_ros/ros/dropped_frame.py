"""
What the log says, at level debug, of each frame that does not come out.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from std_msgs.msg import Header

# As long as a frame_id may be; what publishes it may be anything.
MOST_LETTERS = 60
_WORDS = re.compile(r"frame '(.*)' of -?\d+\.\d{9} dropped: (\w+)")


class DroppedFrame(NamedTuple):
    """The frame_id of a frame, and why it did not come out; see :class:`statistics.Drop`."""

    frame_id: str
    reason: str


def dropped_words(header: Header, reason: str) -> str:
    """Return the line that names a frame by frame_id and stamp, and says why it is dropped."""
    stamp = f'{header.stamp.sec}.{header.stamp.nanosec:09d}'
    return f'frame {header.frame_id[:MOST_LETTERS]!r} of {stamp} dropped: {reason}'


def read_words(line: str) -> DroppedFrame | None:
    """Return what such a line says, None for any other line."""
    found = _WORDS.fullmatch(line)
    return None if found is None else DroppedFrame(*found.groups())
