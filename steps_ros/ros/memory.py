"""
How much memory a process has in RAM; imports nothing of ROS.
"""

from __future__ import annotations

from pathlib import Path
import resource


def resident_mb(process: int | None = None) -> float:
    """
    Return megabytes.

    :param process: its id; None is this one.
    :returns: NaN for another process where the system does not tell.
    """
    try:
        pages = int(Path(f'/proc/{process or "self"}/statm').read_text().split()[1])
    except OSError:
        # Elsewhere than on Linux only the own peak is known.
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return peak_mb if process is None else float('nan')
    return pages * resource.getpagesize() / 1e6
