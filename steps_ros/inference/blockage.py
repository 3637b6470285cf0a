"""
Which parts of the lens are covered, told over time: they show nothing while the rest moves.

A road without markings still shows something every few seconds; dirt, a sticker or a drop does
not. What lies dark or clear from the upper edge down to the middle, round wires and branches too,
may be sky and does not count.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.inference.light import CELLS, LightSample

Floats = NDArray[np.float32]

# On real drives every cell of the road exceeds this within eight seconds, covered ones never.
LEAST_DETAIL = 6.0
# A picture whose most detailed cells (of 98 in 100, as in confidence.py) show less is blank.
BLANK_DETAIL, BLANK_SHARE = 8.0, 0.98
# The scene moves when so many cells differ by so much from how they were a moment ago.
MOVING_SHARE, LEAST_CHANGE, MOMENT_S = 0.3, 2.0, 0.5


class Blockage(NamedTuple):
    """
    How long which cell showed nothing.

    ``quiet_s`` (12, 16) seconds of movement since a cell last had detail; ``blank_s`` for how
    long the whole picture has shown nothing; ``means`` and ``stamp_s`` what movement is told by.
    """

    quiet_s: Floats
    blank_s: float
    means: Floats
    stamp_s: float


def unblocked(stamp_s: float, sample: LightSample) -> Blockage:
    """Return the state at the first picture."""
    return Blockage(np.zeros(CELLS, np.float32), 0.0, sample.means, stamp_s)


def follow_blockage(
    before: Blockage, stamp_s: float, elapsed_s: float, sample: LightSample
) -> Blockage:
    """
    Return the state after one more picture.

    :param elapsed_s: seconds since the picture before.
    """
    blank_s = before.blank_s + elapsed_s if is_blank(sample) else 0.0
    quiet_s = np.where(sample.detail > LEAST_DETAIL, np.float32(0), before.quiet_s)
    moment_s = stamp_s - before.stamp_s
    if moment_s < MOMENT_S:
        return before._replace(quiet_s=quiet_s, blank_s=blank_s)
    if _changed_share(before.means, sample.means) >= MOVING_SHARE:
        quiet_s = np.where(sample.detail > LEAST_DETAIL, quiet_s, quiet_s + np.float32(moment_s))
    return Blockage(quiet_s, blank_s, sample.means, stamp_s)


def _changed_share(before: Floats, now: Floats) -> float:
    """Return which share of the cells changed otherwise than by a new exposure of them all."""
    exposure = np.median((now + 1) / (before + 1))
    return float((np.abs(now - exposure * before) > LEAST_CHANGE).mean())


def is_blank(sample: LightSample) -> bool:
    """Say whether the picture shows nothing at all: black, white, or a covered lens."""
    return bool(np.quantile(sample.detail, BLANK_SHARE) < BLANK_DETAIL)


def blocked_cells(blockage: Blockage, after_s: float) -> NDArray[np.bool_]:
    """Return which cells (12, 16) have shown nothing for so many seconds and are not sky."""
    quiet = blockage.quiet_s >= after_s
    upper = CELLS[0] // 2
    parts = cv2.connectedComponents(quiet[:upper].astype(np.uint8), connectivity=4)[1]
    quiet[:upper] &= ~np.isin(parts, parts[0])
    return quiet
