"""
How long the parts of a step take: functions are watched while the step runs as it always does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, ExitStack
from functools import wraps
import time
from typing import Any, NamedTuple

import torch


class Watched(NamedTuple):
    """A function by its owner (a module or class) and name, and the part it belongs to."""

    owner: object
    name: str
    part: str


class Stopwatch:
    """
    Seconds by part; time in an inner watched function is not the outer one's.

    :param device: on CUDA its queue is awaited at every beginning and end.
    :param clock: seconds; those of a thread's own processor time do not count what else runs.
    """

    def __init__(
        self, device: torch.device, clock: Callable[[], float] = lambda: time.perf_counter()
    ) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._device = device
        self._clock = clock
        self._inside: list[float] = []

    @contextmanager
    def watching(self, functions: Iterable[Watched]) -> Iterator[None]:
        """Watch functions wherever they are looked up by name, for the time of the context."""
        with ExitStack() as restored:
            for owner, name, part in functions:
                function = getattr(owner, name)
                setattr(owner, name, self._timed(function, part))
                restored.callback(setattr, owner, name, function)
            yield

    def _timed(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            self._inside.append(0)
            started = self._now()
            try:
                return function(*arguments, **options)
            finally:
                elapsed = self._now() - started
                self.seconds[part] += elapsed - self._inside.pop()
                if self._inside:
                    self._inside[-1] += elapsed

        return call

    def _now(self) -> float:
        if self._device.type == 'cuda':
            torch.cuda.synchronize(self._device)
        return self._clock()
