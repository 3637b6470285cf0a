"""
Frames in threes: previous, target, next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GAP = 'stamp gap'
EDGE = 'first or last of a sequence'

# A vehicle that has not moved for longer begins anew: what moves without it has changed.
LONGEST_REST_NS = 1_000_000_000


class FrameNote(NamedTuple):
    """
    What is remembered of each frame of a drive.

    ``sequence`` counts up where the drive is cut; ``row`` is its place in the store, -1 where the
    frame was dropped.
    """

    stamp_ns: int
    sequence: int
    row: int


class Triplets(NamedTuple):
    """
    ``rows`` (T, 3) int64: previous, target, next in the store. ``period_ns`` is the median time
    from a frame to the next. ``reasons`` counts the kept frames that are no target.
    """

    rows: NDArray[np.int64]
    period_ns: int
    reasons: Counter[str]


def form_triplets(notes: Sequence[FrameNote], longest_gap: float) -> Triplets:
    """
    Join every three frames that follow each other.

    Frames that were dropped in between do no harm, missing ones do: the three are not joined over
    a step of the stamps that is longer than ``longest_gap`` median periods, goes back or is 0, nor
    over a rest of more than a second, nor from one sequence to the next.
    """
    stamps = np.array([note.stamp_ns for note in notes], np.int64)
    sequences = np.array([note.sequence for note in notes], np.int64)
    steps = np.diff(stamps)
    period_ns = _period_ns(steps, sequences)
    is_cut = (steps > longest_gap * period_ns) | (steps <= 0) | (np.diff(sequences) != 0)
    pieces = np.concatenate([[0], np.cumsum(is_cut)])
    kept = np.array([note.row >= 0 for note in notes], bool)
    rows = np.array([note.row for note in notes], np.int64)[kept]
    pieces, stamps, sequences = pieces[kept], stamps[kept], sequences[kept]
    joined = (np.diff(pieces) == 0) & (np.diff(stamps) <= max(LONGEST_REST_NS, period_ns * 2))
    middle = np.flatnonzero(joined[:-1] & joined[1:]) + 1
    triplets = np.stack([rows[middle - 1], rows[middle], rows[middle + 1]], 1)
    lost = len(rows) - len(middle)
    edges = min(lost, 2 * len(np.unique(sequences)))
    reasons = Counter({GAP: lost - edges, EDGE: edges})
    return Triplets(triplets, period_ns, +reasons)


def _period_ns(steps: NDArray[np.int64], sequences: NDArray[np.int64]) -> int:
    within = steps[(np.diff(sequences) == 0) & (steps > 0)]
    return int(np.median(within)) if len(within) else 0
