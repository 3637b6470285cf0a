"""
Ctrl-C once ends the work cleanly, Ctrl-C again does not disturb the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import signal
import threading
from types import FrameType


@contextmanager
def one_interrupt() -> Iterator[None]:
    """
    Let the first Ctrl-C raise KeyboardInterrupt and ignore those that follow.

    They stay ignored after the block as well, since the command is on its way out; without an
    interrupt the former handler comes back. Outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if not came:
            signal.signal(signal.SIGINT, former)
