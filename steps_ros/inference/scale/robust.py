"""
Single measurements of the scale, and the middle of many numbers some of which are wrong.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

# Of numbers with a normal distribution, this times the median deviation is the standard one.
SIGMA_PER_MAD = 1.4826
KEPT_SIGMAS = 2.5
LEAST_SIGMA = 1e-3
UNSTAMPED = 'the images have no stamp'


class Measurement(NamedTuple):
    """
    The scale as one frame shows it.

    ``value`` metres a unit; ``spread`` standard deviation of what it was made of, relative to
    it; ``evidence`` how many pixels, tracks or points that was.
    """

    value: float
    spread: float
    evidence: int


class Refusal(NamedTuple):
    """Why a frame shows no scale, in words that follow ``no scale:``."""

    reason: str


Measured = Measurement | Refusal


class Middle(NamedTuple):
    """The middle of some numbers, their standard deviation without outliers, and which count."""

    value: float
    sigma: float
    kept: NDArray[np.bool_]


def middle(values: Doubles) -> Middle:
    """
    Return the median of (N,) numbers, N > 0, after those far from the median are left out.

    Wrong numbers that all lie on one side shift the median of all; without them it is taken anew.
    """
    centre, sigma = _median(values)
    for _ in range(2):
        kept = np.abs(values - centre) <= KEPT_SIGMAS * max(sigma, LEAST_SIGMA)
        centre, sigma = _median(values[kept])
    return Middle(centre, sigma, kept)


def measurement_of(log_ratios: Doubles, least: int, what: str) -> Measured:
    """
    Return the scale whose logarithm is the middle of (N,) numbers.

    :param least: fewer numbers than these are no measurement.
    :param what: what they were made of, in the plural.
    """
    if len(log_ratios) < least:
        return Refusal(f'{len(log_ratios)} {what} of at least {least}')
    found = middle(log_ratios)
    return Measurement(float(np.exp(found.value)), found.sigma, int(found.kept.sum()))


def _median(values: Doubles) -> tuple[float, float]:
    centre = float(np.median(values))
    return centre, SIGMA_PER_MAD * float(np.median(np.abs(values - centre)))
