"""
Work on a picture band by band: what is computed of a band stays in the cache of its core.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import cv2

# Of a picture 1600 wide, three colours of these rows in 32-bit floats are 300 kB.
BAND_ROWS = 16


def by_bands(height: int, work: Callable[[slice], None]) -> None:
    """
    Do the work on all bands, on as many threads as OpenCV has.

    :param work: is given the rows of a band; it must write nothing outside them.
    """
    bands = [slice(top, top + BAND_ROWS) for top in range(0, height, BAND_ROWS)]
    threads = min(cv2.getNumThreads(), len(bands))
    if threads < 2:
        _all(work, bands)
        return
    parts = [bands[first::threads] for first in range(threads)]
    # The results are asked for so that an error is raised here.
    list(_pool(threads).map(lambda part: _all(work, part), parts))


def _all(work: Callable[[slice], None], bands: list[slice]) -> None:
    for band in bands:
        work(band)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix='bands')
