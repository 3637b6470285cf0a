"""
How long a fresh process takes to load its modules and to its first depth, and in how much memory.
"""

from __future__ import annotations

from statistics import median
import subprocess
import sys
import time
from typing import NamedTuple

from tqdm import tqdm

from steps_ros.bench.first_depth import DEPTH, IMPORTED, TORCH
from steps_ros.bench.results import Part, Row, row_of, TIMES_AS_MUCH
from steps_ros.errors import StepsError

PART = 'start'
MODULE = 'steps_ros.bench.first_depth'
# Of each kind; they only fill the caches of files.
WARM_UP = 1


class Started(NamedTuple):
    """Seconds from the start of a process, and resident memory in MB, at each word."""

    seconds: dict[str, float]
    rss_mb: dict[str, float]


def measure_starting(rounds: int) -> Part:
    """Start processes by turns, after those of the warm-up."""
    taken: list[tuple[Started, Started]] = []
    for _ in tqdm(range(WARM_UP + rounds), PART):
        taken.append((_started(), _started(TORCH)))
    return part_of(taken[WARM_UP:])


def part_of(taken: list[tuple[Started, Started]]) -> Part:
    """Return the rows of rounds of (with depth, with torch alone)."""
    bare = [torch.seconds[IMPORTED] for _, torch in taken]
    imported, depth = ([own.seconds[word] for own, _ in taken] for word in (IMPORTED, DEPTH))
    own_mb, torch_mb = (
        median(started.rss_mb[word] for started in column)
        for column, word in zip(zip(*taken, strict=True), (DEPTH, IMPORTED), strict=True)
    )
    beside = 'import torch'
    return Part(
        (
            row_of(PART, 'import of the package', imported, beside, bare),
            row_of(PART, 'first depth', depth, beside, bare),
            Row(
                'memory', 'process with first depth', 'MB', own_mb, beside, torch_mb,
                own_mb / torch_mb, TIMES_AS_MUCH,
            ),
        ),
        {'import_s': median(imported), 'first_depth_s': median(depth)},
    )  # fmt: skip


def _started(*arguments: str) -> Started:
    begun_s = time.perf_counter()
    command = [sys.executable, '-m', MODULE, *arguments]
    seconds: dict[str, float] = {}
    rss_mb: dict[str, float] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            word, rss = line.split()
            seconds[word], rss_mb[word] = time.perf_counter() - begun_s, float(rss)
    if process.returncode:
        raise StepsError(f'{" ".join(command)} ended with code {process.returncode}')
    return Started(seconds, rss_mb)
