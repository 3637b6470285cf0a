"""
Batches that are ready before they are asked for.

A thread reads and stacks them; copying out of mapped files lets go of Python's lock, so that the
training steps go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
import time
from typing import NamedTuple

import torch
from torch import Tensor

from steps_ros.data.closing import Closing
from steps_ros.train.batch import TripletBatch
from steps_ros.train.orders import Drawing
from steps_ros.train.triplet_dataset import TripletDataset

AHEAD = 3
# How often a thread with nothing to do looks whether it is still needed.
LOOK_S = 0.2


class Batches(NamedTuple):
    """
    The frames of one step; ``day`` is None where no day drive was given.

    ``waited_s`` is how long the step had to wait for them.
    """

    night: TripletBatch
    day: TripletBatch | None
    waited_s: float


class Prefetch(Closing):
    """
    The batches of all steps from ``start`` on, without end; iterate over it, close it after use.

    ``waited_s`` sums up how long its user has waited, ``elapsed_s`` is the time since the first
    batch was asked for.
    """

    def __init__(
        self,
        night: TripletDataset,
        day: TripletDataset | None,
        drawing: Drawing,
        start: int = 0,
        pin: bool = False,
    ) -> None:
        """
        Begin to read the batch of step ``start``.

        :param pin: into memory from which copies to a CUDA device need no waiting.
        """
        self.waited_s = 0.0
        self._night, self._day, self._drawing = night, day, drawing
        self._pin = pin and torch.cuda.is_available()
        self._ready: Queue[tuple[TripletBatch, TripletBatch | None] | Exception]
        self._ready = Queue(AHEAD)
        self._closed = Event()
        self._began = 0.0
        self._thread = Thread(target=self._read, args=(start,), name='prefetch', daemon=True)
        self._thread.start()

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the first batch was asked for."""
        return time.perf_counter() - self._began if self._began else 0.0

    def __iter__(self) -> Iterator[Batches]:
        """
        Yield the batches, one a step.

        :raises StepsError: whatever reading raised, and any other error of the reading thread.
        """
        self._began = self._began or time.perf_counter()
        while not self._closed.is_set():
            asked = time.perf_counter()
            item = self._next()
            waited_s = time.perf_counter() - asked
            self.waited_s += waited_s
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield Batches(*item, waited_s)

    def close(self) -> None:
        """Stop reading and wait for the thread."""
        self._closed.set()
        self._thread.join()

    def _next(self) -> tuple[TripletBatch, TripletBatch | None] | Exception | None:
        while not self._closed.is_set():
            try:
                return self._ready.get(timeout=LOOK_S)
            except Empty:
                continue
        return None

    def _read(self, step: int) -> None:
        try:
            while not self._closed.is_set():
                self._put(self._batches(step))
                step += 1
        except Exception as error:  # handed to whoever waits for the batch
            self._put(error)

    def _batches(self, step: int) -> tuple[TripletBatch, TripletBatch | None]:
        draw = self._drawing.draw(step)
        night = self._pinned(self._night.batch(draw.night, draw.night_flips))
        if self._day is None or draw.day is None:
            return night, None
        return night, self._pinned(self._day.batch(draw.day, draw.day_flips))

    def _pinned(self, batch: TripletBatch) -> TripletBatch:
        if not self._pin:
            return batch
        return batch.each(Tensor.pin_memory)

    def _put(self, item: tuple[TripletBatch, TripletBatch | None] | Exception) -> None:
        while not self._closed.is_set():
            try:
                self._ready.put(item, timeout=LOOK_S)
                return
            except Full:
                continue
