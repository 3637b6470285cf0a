"""
What is known of the unit of depth, in one value that everything asks that says metric or relative.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
import math

from steps_ros.inference.scale.settings import FIXED, NONE


class ScaleKind(Enum):
    """
    Relative: metres are not known yet. Metric: they are. Stale: they were, too long ago.

    The values are the words that users read.
    """

    RELATIVE = 'relative'
    METRIC = 'metric'
    STALE = 'stale'


@dataclass(frozen=True)
class ScaleState:
    """
    The scale at one moment.

    ``source`` says what measures it, ``none`` where nothing does. ``value`` is in metres a unit,
    the last one known where it is stale, NaN before there was one. ``spread`` is the standard
    deviation of single measurements relative to the value, ``age_s`` the time since the last of
    them that agreed with the others; NaN where there is none. ``reason`` says why the scale is
    not metric, or, where it is, what was wrong with the last frame.
    """

    kind: ScaleKind = ScaleKind.RELATIVE
    source: str = NONE
    value: float = math.nan
    spread: float = math.nan
    age_s: float = math.nan
    reason: str = 'no source of scale is set'

    @property
    def is_metric(self) -> bool:
        """Say whether depth may be called metric."""
        return self.kind is ScaleKind.METRIC

    @property
    def factor(self) -> float:
        """Return what depth is to be multiplied by: 1 unless the scale is metric."""
        return self.value if self.is_metric else 1.0

    @property
    def text(self) -> str:
        """Return the state in one line."""
        if not self.is_metric:
            return f'{self.kind.value}: depth is not in metres ({self.reason})'
        known = f'metric: {self.value:.4g} m a unit from {self.source}'
        if not self.spread:
            return known
        return f'{known}, spread {self.spread:.1%}, {self.age_s:.1f} s old'


RELATIVE = ScaleState()


def fixed_scale(value: float, source: str = FIXED) -> ScaleState:
    """Return the state of a scale that the user gives: metric at all times."""
    return ScaleState(ScaleKind.METRIC, source, value, 0.0, 0.0, '')


def given_scale(value: float | None, source: str) -> ScaleState:
    """Return the state of an option that may have been left out."""
    return RELATIVE if value is None else fixed_scale(value, source)
