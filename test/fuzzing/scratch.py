"""
A folder for the file under test, as fast as memory where there is such a place.
"""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path
import shutil
import tempfile

SHARED_MEMORY = Path('/dev/shm')


@cache
def scratch() -> Path:
    """Return a folder of this process, which is removed when it ends."""
    place = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix='steps_ros_fuzzing_', dir=place))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def written(name: str, content: bytes) -> Path:
    """Return a file of this content."""
    path = scratch() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
