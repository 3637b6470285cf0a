"""
A rate that the model can hold: measured at the start, and followed while the machine is busy.
"""

from __future__ import annotations

from statistics import median

# How many times the measured time of a tick there is from one to the next.
ROOM = 1.5
FASTEST_S, SLOWEST_S = 1 / 30, 20.0
PROBE_TICKS, WARM_UP_TICKS = 12, 4
WINDOW_TICKS, MANY_LATE = 20, 2
SLOWER, FASTER = 1.25, 0.95


class Pace:
    """
    The time from one tick of the cameras to the next.

    At first each tick waits for the outputs of the one before, which is how the rate is measured;
    then the period is shortened while none is late, and lengthened when some are.

    :param period_s: as measured before; None measures.
    """

    def __init__(self, period_s: float | None = None) -> None:
        self._probed_s: list[float] = []
        self._judged = self._late = 0
        self.is_probing = period_s is None
        self.period_s = SLOWEST_S if period_s is None else period_s

    def probed(self, taken_s: float) -> None:
        """Take in how long one tick took from its images to its outputs."""
        self._probed_s.append(taken_s)
        if len(self._probed_s) == PROBE_TICKS:
            self.is_probing = False
            self._set(ROOM * median(self._probed_s[WARM_UP_TICKS:]))

    def judge(self, is_late: bool) -> None:
        """Take in whether the outputs of a tick were there when the next one was due."""
        self._judged += 1
        self._late += is_late
        if self._judged == WINDOW_TICKS:
            # One stall, as of an engine that is built, is no reason to slow down.
            if self._late > MANY_LATE:
                self._set(SLOWER * self.period_s)
            elif not self._late:
                self._set(FASTER * self.period_s)
            self._judged = self._late = 0

    def _set(self, period_s: float) -> None:
        self.period_s = min(max(period_s, FASTEST_S), SLOWEST_S)
