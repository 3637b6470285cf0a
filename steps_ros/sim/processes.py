"""
Processes that draw: one thread in each, and deaf to Ctrl-C, which their starter answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import signal

import cv2

from steps_ros.starter import end_with


def begin(starter: int) -> None:
    """
    Keep this process to one thread, and let it end with the one that started it.

    More threads would only take the processor from the others.

    :param starter: id of the process that started this one.
    """
    cv2.setNumThreads(1)
    end_with(starter)


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Hold SIGINT back in this thread and, for good, in the processes that it starts."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
