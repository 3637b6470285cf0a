"""
What a process holds of the machine: memory, threads, descriptors, shared memory. Linux only.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from steps_ros.ros.memory import resident_mb

SHARED_MEMORY = '/dev/shm/'
# Of the tracing of ROS, one file for all processes of a machine, which stays.
FOREIGN = '/dev/shm/lttng'


class Vitals(NamedTuple):
    """Resident megabytes, threads, open descriptors, and the files of shared memory it maps."""

    rss_mb: float
    threads: int
    descriptors: int
    segments: frozenset[str]

    @property
    def gone(self) -> frozenset[str]:
        """The files of shared memory that are held though their owner has removed them."""
        return frozenset(file for file in self.segments if not Path(file).exists())


def vitals(process: int) -> Vitals:
    """
    Look at a process.

    :param process: its id; one that has ended holds nothing.
    """
    folder = Path(f'/proc/{process}')
    return Vitals(
        resident_mb(process),
        _entries(folder / 'task'),
        _entries(folder / 'fd'),
        _segments(folder / 'maps'),
    )


def shared_memory_files() -> frozenset[str]:
    """Return the files of shared memory that there are, in use or not."""
    return frozenset(map(str, Path(SHARED_MEMORY).glob('*')))


def segments_in_use() -> frozenset[str]:
    """Return the files of shared memory that any process maps."""
    return frozenset().union(*map(_segments, Path('/proc').glob('[0-9]*/maps')))


def _entries(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0


def _segments(maps: Path) -> frozenset[str]:
    try:
        lines = maps.read_text(encoding='utf-8', errors='replace').splitlines()
    except OSError:
        return frozenset()
    # Address, rights, offset, device, inode; then the file, with a note where it is gone.
    files = (line.split(maxsplit=5)[5] for line in lines if SHARED_MEMORY in line)
    return frozenset(
        file.removesuffix(' (deleted)') for file in files if not file.startswith(FOREIGN)
    )
