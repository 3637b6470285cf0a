"""
Many measurements of the scale to one that can be relied on, or to none.
"""

from __future__ import annotations

from collections import deque
import math
from typing import NamedTuple

import numpy as np

from steps_ros.inference.scale.robust import Measured, middle, Refusal
from steps_ros.inference.scale.settings import ScaleSettings
from steps_ros.inference.scale.state import ScaleKind, ScaleState

UNMEASURED = 'no frame was measured; it takes images, and a subscriber of depth or cloud'


class _Sample(NamedTuple):
    time_s: float
    log_value: float


class ScaleFilter:
    """
    Median of a window without outliers, then smoothed; logarithms throughout.

    Times are of any clock that does not run backwards. Where measurements contradict each other
    or the scale, the scale holds; when it has held too long, it is stale and begins anew.
    ``settings`` may be replaced at any time.
    """

    def __init__(self, settings: ScaleSettings) -> None:
        """Start without a scale."""
        self.settings = settings
        self._samples: deque[_Sample] = deque()
        self._log_value = math.nan
        self._spread = math.nan
        self._confirmed_s = math.nan
        self._reason = UNMEASURED

    def add(self, time_s: float, measured: Measured) -> None:
        """Take what a frame shows."""
        if isinstance(measured, Refusal):
            self._reason = measured.reason
            return
        if not self._is_lost(time_s) and not self._is_let_in(measured.value):
            known = math.exp(self._log_value)
            self._reason = f'measured {measured.value:.4g} m a unit, far from {known:.4g}'
            return
        self._samples.append(_Sample(time_s, math.log(measured.value)))
        self._update(time_s)

    def state(self, time_s: float) -> ScaleState:
        """Return what is known at a time."""
        if math.isnan(self._confirmed_s):
            return ScaleState(source=self.settings.source, reason=self._reason)
        value, age_s = math.exp(self._log_value), max(0.0, time_s - self._confirmed_s)
        known = (self.settings.source, value, self._spread, age_s)
        if age_s <= self.settings.hold_s:
            return ScaleState(ScaleKind.METRIC, *known, self._reason)
        reason = f'for {age_s:.0f} s nothing confirmed the scale: {self._reason or UNMEASURED}'
        return ScaleState(ScaleKind.STALE, *known, reason)

    def _is_lost(self, time_s: float) -> bool:
        return time_s - self._confirmed_s > self.settings.hold_s

    def _is_let_in(self, value: float) -> bool:
        if math.isnan(self._confirmed_s):
            return True
        distance = abs(math.log(value) - self._log_value)
        return distance <= math.log1p(self.settings.outlier_gate)

    def _update(self, time_s: float) -> None:
        settings = self.settings
        while self._samples[0].time_s < time_s - settings.window_s:
            self._samples.popleft()
        found = middle(np.array([sample.log_value for sample in self._samples]))
        count = int(found.kept.sum())
        if count < settings.min_samples:
            self._reason = f'{count} measurements of at least {settings.min_samples}'
        elif found.sigma > settings.max_spread:
            self._reason = f'measurements differ by {found.sigma:.0%}'
        else:
            self._follow(time_s, found.value)
            self._spread = found.sigma

    def _follow(self, time_s: float, log_value: float) -> None:
        share = 1.0
        if not (math.isnan(self._confirmed_s) or self._is_lost(time_s)):
            elapsed_s = time_s - self._confirmed_s
            share = -math.expm1(-elapsed_s / self.settings.smoothing_s)
        previous = log_value if math.isnan(self._log_value) else self._log_value
        self._log_value = previous + share * (log_value - previous)
        self._confirmed_s = time_s
        self._reason = ''
