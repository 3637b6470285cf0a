"""
Fresh processes: how long one takes to load its modules and to its first depth, and its memory.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
from statistics import median
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from tqdm import tqdm

from steps_ros.bench.first_depth import DEPTH, IMPORTED, TORCH
from steps_ros.bench.results import Part, Row, row_of, TIMES_AS_MUCH
from steps_ros.errors import StepsError
from steps_ros.ros.processes import isolated_environment

PART = 'start'
MODULE = 'steps_ros.bench.first_depth'
MEMORY_MODULE = 'steps_ros.bench.node_memory'
MEMORY_SIZES = ('--size', '160x120', '--network-size', '64x96')
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


def measure_memory(frames: int) -> Part:
    """
    Take frames through a small node in a process of its own; see :mod:`.node_memory`.

    :raises StepsError: the process fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'memory.json'
        command = [sys.executable, '-m', MEMORY_MODULE, '--frames', str(frames)]
        command += [*MEMORY_SIZES, '--json', str(path)]
        environment = isolated_environment(Path(folder), None)
        done = subprocess.run(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise StepsError(f'{" ".join(command)} failed: {done.stderr.splitlines()[-1:]}')
        found = json.loads(path.read_text())
    return memory_part(found['rss_mb'], found['growth_percent'], frames)


def memory_part(rss_mb: Sequence[float], growth_percent: float, frames: int) -> Part:
    """Return the row and values of resident memory at even distances of so many frames."""
    first, last = rss_mb[0], rss_mb[-1]
    row = Row(
        'memory', f'node after {frames} frames', 'MB', last, 'at the first', first, last / first,
        TIMES_AS_MUCH,
    )  # fmt: skip
    return Part((row,), {'memory_growth_percent': growth_percent, 'memory_frames': frames})


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
