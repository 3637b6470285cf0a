"""
Files written whole or not at all.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, lasting: bool = False) -> None:
    """
    Write a file under a hidden name beside its place and rename it, making its folder.

    :param lasting: wait until it is on the disk, so that a power cut leaves either the former file
        or the new one; for what took long to make.
    :raises OSError: the disk is full, or the place cannot be written; what was there is kept.
    """
    partial = path.with_name(f'.{path.name}.partial')
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # What lies there may be a link to somewhere else, which must not be written through.
        partial.unlink(missing_ok=True)
        with partial.open('xb') as file:
            file.write(content)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if lasting:
        _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can."""
    if os.name != 'posix':
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
