"""
A thread that works on the latest items and forgets what it was too slow for.

Knows nothing of ROS: callbacks hand over items, one slot for each camera holds the newest, the
thread takes all that are there at once. So no camera waits for another, however slow the work is.
"""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')


class KeepLatestWorker(Generic[Item]):
    """
    Runs ``work(items)`` on its own thread, with the newest item of each slot that has one.

    :param work: may raise; then ``failed`` gets the items and the exception, and the thread goes
        on.
    :param superseded: called, from the thread that offers, for an item that a newer one
        replaced, and from the thread that stops for one that was never begun.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], None],
        superseded: Callable[[Item], None],
        failed: Callable[[list[Item], Exception], None],
    ) -> None:
        self._work = work
        self._superseded = superseded
        self._failed = failed
        self._condition = threading.Condition()
        self._slots: dict[str, Item] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name='keep_latest', daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def offer(self, slot: str, item: Item) -> None:
        """Put the item into a slot; returns at once."""
        with self._condition:
            replaced = [self._slots[slot]] if slot in self._slots else []
            self._slots[slot] = item
            self._condition.notify()
        for old in replaced:
            self._superseded(old)

    def stop(self, timeout_s: float = 10.0) -> bool:
        """
        End the thread after the items that it is working on.

        :returns: whether it ended in time; if not, it ends by itself after those items.
        """
        with self._condition:
            left, self._slots = list(self._slots.values()), {}
            self._stopping = True
            self._condition.notify()
        for old in left:
            self._superseded(old)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._slots or self._stopping)
                if self._stopping:
                    return
                items, self._slots = list(self._slots.values()), {}
            try:
                self._work(items)
            except Exception as error:  # bad items must not end the thread
                self._failed(items, error)
