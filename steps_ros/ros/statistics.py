"""
Counts, rates and times of the frames that go through a node.

Every frame that came in ends in exactly one count: published, or dropped for a reason. The
methods may be called from several threads.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
import threading
import time
from typing import NamedTuple

import numpy as np

WINDOW_FRAMES = 300
WINDOW_S = 10.0


class Drop:
    """Why a frame did not come out."""

    SUPERSEDED = 'superseded'
    BAD_FRAME = 'bad_frame'
    NO_SUBSCRIBER = 'no_subscriber'
    NO_CALIBRATION = 'no_calibration'
    RATE_LIMIT = 'rate_limit'
    DISABLED = 'disabled'
    NO_SCALE = 'no_scale'
    FAILED = 'failed'


class Percentiles(NamedTuple):
    """Of times in milliseconds; NaN where nothing was measured."""

    p50: float
    p95: float
    p99: float


class Snapshot(NamedTuple):
    """The state of :class:`FrameStatistics` at one moment."""

    received: int
    published: int
    dropped: dict[str, int]
    input_rate_hz: float
    output_rate_hz: float
    latency_ms: Percentiles
    model_ms: Percentiles
    overhead_ms: Percentiles
    predict_ms: Percentiles
    input_age_s: float
    last_problem: str


class FrameStatistics:
    """Counts since the start; rates of the last 10 s; times of the last 300 frames."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received = 0
        self._published = 0
        self._dropped: Counter[str] = Counter()
        self._input_times: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._output_times: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._latency_ms: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._model_ms: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._overhead_ms: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._predict_ms: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._last_input = time.monotonic()
        self._last_problem = ''

    def rearm(self) -> None:
        """Count the age of the input from now on, as when a subscription begins."""
        with self._lock:
            self._last_input = time.monotonic()

    def count_received(self) -> None:
        """Count a frame that came in."""
        with self._lock:
            self._received += 1
            self._last_input = time.monotonic()
            self._input_times.append(self._last_input)

    def count_dropped(self, reason: str, problem: str = '') -> None:
        """Count a frame that does not come out; ``problem`` is kept as the last one."""
        with self._lock:
            self._dropped[reason] += 1
            self._last_problem = problem or self._last_problem

    def count_published(
        self, latency_ms: float, model_ms: float, overhead_ms: float, predict_ms: float
    ) -> None:
        """
        Count a frame that came out.

        :param latency_ms: stamp to last publish; negative where the clock went back, not kept.
        :param model_ms: time in the networks, at their own size.
        :param overhead_ms: callback entry to last publish, less the networks: decoding, resizing
            in and out, filters, packing, publishing.
        :param predict_ms: the networks, with resizing in and out.
        """
        with self._lock:
            self._published += 1
            self._output_times.append(time.monotonic())
            self._model_ms.append(model_ms)
            self._overhead_ms.append(overhead_ms)
            self._predict_ms.append(predict_ms)
            if latency_ms >= 0:
                self._latency_ms.append(latency_ms)

    def snapshot(self) -> Snapshot:
        """Return all numbers as of now."""
        with self._lock:
            now = time.monotonic()
            return Snapshot(
                self._received,
                self._published,
                dict(self._dropped),
                rate_hz(self._input_times, now),
                rate_hz(self._output_times, now),
                percentiles(self._latency_ms),
                percentiles(self._model_ms),
                percentiles(self._overhead_ms),
                percentiles(self._predict_ms),
                now - self._last_input,
                self._last_problem,
            )


def rate_hz(times_s: Sequence[float], now_s: float) -> float:
    """Return the mean rate of the events of the last 10 s; 0 for fewer than two."""
    recent = [moment for moment in times_s if now_s - moment <= WINDOW_S]
    if len(recent) < 2 or recent[-1] <= recent[0]:
        return 0.0
    return (len(recent) - 1) / (recent[-1] - recent[0])


def percentiles(values: Sequence[float]) -> Percentiles:
    """Return p50, p95 and p99."""
    if not len(values):
        return Percentiles(*[float('nan')] * 3)
    return Percentiles(*np.percentile(list(values), (50, 95, 99)).tolist())
