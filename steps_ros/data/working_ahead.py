"""
Work on a stream in threads, results in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
import os
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')

MOST_THREADS = 4
AHEAD = 8


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """
    Yield ``work(item)`` of each item, while the next few are taken and worked on already.

    OpenCV lets go of Python's lock, so that reading goes on meanwhile. What an item or its work
    raises is raised when its turn comes.
    """
    waiting: deque[Future[Result]] = deque()
    source = iter(items)
    failure: Exception | None = None
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        try:
            while failure is None:
                try:
                    waiting.append(pool.submit(work, next(source)))
                except StopIteration:
                    break
                except Exception as error:  # raised below, when those before it are done
                    failure = error
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
    if failure is not None:
        raise failure
