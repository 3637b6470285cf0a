"""
A folder for the file under test, as fast as memory where there is such a place.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping
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


def numbered(files: Mapping[str, bytes]) -> list[bytes]:
    """Return each of several files, after a byte that says which."""
    return [bytes([number]) + content for number, content in enumerate(files.values())]


def with_one_damaged(files: Mapping[str, bytes], content: bytes) -> dict[str, bytes]:
    """Return the files with one, as :func:`numbered` has it, in the place of what it was."""
    number = content[0] if content else 0
    return {**files, list(files)[number % len(files)]: content[1:]}


def folder_of(name: str, files: Mapping[str, bytes]) -> Path:
    """Return a folder of these files."""
    for file, content in files.items():
        written(f'{name}/{file}', content)
    return scratch() / name


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder and those below."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }
