"""
A thread that works on the latest item and forgets what it was too slow for.

Knows nothing of ROS: callbacks hand over items, one slot holds the newest, the thread takes it.
"""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')


class KeepLatestWorker(Generic[Item]):
    """
    Runs ``work(item)`` on its own thread, one item at a time, always the newest.

    :param work: may raise; then ``failed`` gets the exception and the thread goes on.
    :param superseded: called, from the thread that offers, for an item that a newer one
        replaced, and from the thread that stops for one that was never begun.
    """

    def __init__(
        self,
        work: Callable[[Item], None],
        superseded: Callable[[Item], None],
        failed: Callable[[Item, Exception], None],
    ) -> None:
        self._work = work
        self._superseded = superseded
        self._failed = failed
        self._condition = threading.Condition()
        self._slot: list[Item] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name='keep_latest', daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def offer(self, item: Item) -> None:
        """Put the item into the slot; returns at once."""
        with self._condition:
            replaced, self._slot = self._slot, [item]
            self._condition.notify()
        for old in replaced:
            self._superseded(old)

    def stop(self, timeout_s: float = 10.0) -> bool:
        """
        End the thread after the item that it is working on.

        :returns: whether it ended in time; if not, it ends by itself after that item.
        """
        with self._condition:
            left, self._slot = self._slot, []
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
                self._condition.wait_for(lambda: self._slot or self._stopping)
                if self._stopping:
                    return
                item = self._slot.pop()
            try:
                self._work(item)
            except Exception as error:  # one bad item must not end the thread
                self._failed(item, error)
