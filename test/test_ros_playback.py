"""When frames are due, and what time it is meanwhile."""

from __future__ import annotations

import numpy as np

from steps_ros.data.frames import Frame
from steps_ros.ros.playback import PlayClock, timed

PIXEL = np.zeros((1, 1, 3), np.uint8)
START_NS = 1_700_000_000_000_000_000


def _due_s(*options: float | None) -> list[float]:
    frames = [Frame(START_NS + stamp, PIXEL) for stamp in (0, 500_000_000, 2_000_000_000)]
    return [item.due_s for item in timed(iter(frames), *options)]


def test_frames_are_due_at_the_rate_or_by_their_stamps():
    assert _due_s(4.0) == [0.0, 0.25, 0.5]
    assert _due_s(None) == [0.0, 0.5, 2.0]
    assert _due_s(None, 2.0) == [0.0, 0.25, 1.0]


def test_the_clock_goes_at_the_rate_up_to_the_next_frame():
    clock = PlayClock(START_NS, 2.0)
    next_ns = START_NS + 1_000_000_000
    assert clock.at(0.0, START_NS) == START_NS
    assert clock.at(0.25, next_ns) == START_NS + 500_000_000
    assert clock.at(0.75, next_ns) == next_ns


def test_the_clock_never_goes_back():
    clock = PlayClock(START_NS)
    told = [
        clock.at(elapsed_s, START_NS + next_ns)
        for elapsed_s, next_ns in ((0.3, 400_000_000), (0.1, 400_000_000), (0.5, 100_000_000))
    ]
    assert told == [START_NS + 300_000_000] * 3


def test_nanoseconds_are_kept():
    assert PlayClock(START_NS + 7).at(5.0, START_NS + 9) == START_NS + 9
