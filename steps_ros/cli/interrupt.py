"""
Ctrl-C once ends the work cleanly, Ctrl-C again does not disturb the end. SIGTERM is the same.

All ways leave both signals ignored once one came, since the command is on its way out; without an
interrupt the former handlers come back. Outside the main thread nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
import signal
import sys
import threading

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def one_interrupt() -> Iterator[None]:
    """Let the first Ctrl-C raise KeyboardInterrupt and ignore those that follow."""

    def stop() -> None:
        raise KeyboardInterrupt

    with _handled(stop):
        yield


@contextmanager
def held_interrupt() -> Iterator[Callable[[], bool]]:
    """
    Let the first Ctrl-C raise KeyboardInterrupt at the end of the block.

    For imports, which leave half-made modules and a wrong exit code when torn, and for native
    code, which swallows exceptions that come out of nowhere.

    :returns: a function that says whether it came, for loops that should end early.
    """
    came = False

    def note() -> None:
        nonlocal came
        came = True

    with _handled(note):
        yield lambda: came
        if came:
            raise KeyboardInterrupt


@contextmanager
def leaving_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the process at once: for the time when nothing is open yet."""

    def leave() -> None:
        sys.stderr.write('interrupted\n')
        sys.stderr.flush()
        os._exit(INTERRUPTED)

    with _handled(leave):
        yield


@contextmanager
def _handled(action: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(*_: object) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        action()

    former = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)
