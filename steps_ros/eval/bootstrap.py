"""
How sure a mean over frames is.

Consecutive frames show nearly the same, so that frames drawn one by one would look like more
evidence than they are. Blocks of consecutive frames are drawn instead (Politis and Romano 1992,
circular block bootstrap).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from steps_ros.eval.report import Interval

DRAWS = 1000
LEVEL_PERCENT = (2.5, 97.5)
# Two seconds at ten metres a second: the view has changed.
CORRELATED_S = 2.0
LEAST_BLOCKS = 5


def block_length(seconds: NDArray[np.float64]) -> int:
    """
    Return how many consecutive frames belong to one block.

    :param seconds: (N,) times within a drive; N is at least 1.
    :returns: the frames of two seconds, but at most a fifth of all.
    """
    steps = np.diff(seconds)
    steps = steps[steps > 0]
    period_s = float(np.median(steps)) if len(steps) else math.inf
    return max(1, min(round(CORRELATED_S / period_s), len(seconds) // LEAST_BLOCKS))


def block_interval(values: NDArray[np.float64], block: int, seed: int = 0) -> Interval:
    """
    Return the mean of values (N,) with the 95 % interval of a circular block bootstrap.

    Values that are NaN are left out; the bounds are NaN where fewer than two are left.
    """
    known = values[np.isfinite(values)]
    return ratio_interval(known, np.ones_like(known), block, seed)


def ratio_interval(
    sums: NDArray[np.float64], counts: NDArray[np.float64], block: int, seed: int = 0
) -> Interval:
    """
    Return sum of ``sums`` / sum of ``counts`` over N frames with its 95 % interval.

    Frames that hold nothing are left out; the bounds are NaN where fewer than two are left.
    """
    used = counts > 0
    sums, counts = sums[used], counts[used]
    number = len(sums)
    value = float(sums.sum() / counts.sum()) if number else math.nan
    if number < 2:
        return Interval(value, math.nan, math.nan)
    block = min(block, number)
    starts = np.random.default_rng(seed).integers(number, size=(DRAWS, -(-number // block)))
    drawn = _block_sums(sums, block)[starts].sum(1) / _block_sums(counts, block)[starts].sum(1)
    low, high = np.percentile(drawn, LEVEL_PERCENT)
    return Interval(value, float(low), float(high))


def _block_sums(values: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """Return for each frame the sum from it on over a block that runs on at the start."""
    running = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[: block - 1]]))])
    return np.asarray(running[block:] - running[: len(values)])
