"""
Whether trained weights may replace those that they started from.
"""

from __future__ import annotations

import math
from typing import NamedTuple

# Keeps the ratio to a number that is 0 finite.
LEAST = 1e-9


class Measure(NamedTuple):
    """
    A number of the starting and of the trained weights, smaller is better.

    ``tolerance`` is the share of ``before`` by which ``after`` may be larger, below 0 that by
    which it must be smaller.
    """

    name: str
    before: float
    after: float
    tolerance: float = 0.0

    @property
    def ratio(self) -> float:
        """Return after to what it may be at most; infinite where nothing is known."""
        ratio = self.after / max(self.before * (1 + self.tolerance), LEAST)
        return ratio if math.isfinite(ratio) else math.inf


class Verdict(NamedTuple):
    """What was measured before and after, and what follows."""

    measures: tuple[Measure, ...]

    @property
    def score(self) -> float:
        """Return the worst ratio of all, by which snapshots are compared; smaller is better."""
        return max(measure.ratio for measure in self.measures)

    @property
    def is_accepted(self) -> bool:
        """Say whether nothing got worse."""
        return self.score <= 1

    @property
    def words(self) -> str:
        """Return a sentence."""
        told = '; '.join(
            f'{name} {after:.5f} against {before:.5f}' for name, before, after, _ in self.measures
        )
        if self.is_accepted:
            return f'Accepted: on the validation drive {told}.'
        worse = ' and '.join(measure.name for measure in self.measures if measure.ratio > 1)
        return f'Rejected for {worse}: on the validation drive {told}.'

    def numbers(self) -> dict[str, float]:
        """Return the numbers of the trained weights by name, for the log."""
        named = {measure.name.replace(' ', '_'): measure.after for measure in self.measures}
        return {**named, 'score': self.score}
