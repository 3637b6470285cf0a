"""
At most so many messages a second, evenly spread, by the stamps of the frames.
"""

from __future__ import annotations

import math

# Stamps jitter; a frame that is early by less than this share of the period is in time.
TOLERANCE = 0.1


class RateLimit:
    """Lets frames through; the rate may change at any time."""

    def __init__(self) -> None:
        self._due_s = -math.inf
        self._last_s = -math.inf

    def allows(self, stamp_s: float, rate_hz: float) -> bool:
        """Say whether the frame may pass; 0 Hz lets all pass, and so does time that goes back."""
        is_back = stamp_s < self._last_s
        self._last_s = stamp_s
        if rate_hz <= 0:
            return True
        period_s = 1 / rate_hz
        if not is_back and stamp_s < self._due_s - TOLERANCE * period_s:
            return False
        # Due times lie on a grid, so that 30 Hz limited to 20 Hz gives 20 and not 15.
        is_near = not is_back and stamp_s - self._due_s < period_s
        self._due_s = (self._due_s if is_near else stamp_s) + period_s
        return True
