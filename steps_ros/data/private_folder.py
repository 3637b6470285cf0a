"""
Folders that appear under their name only when they are whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import fcntl
import os
from pathlib import Path
import secrets
import shutil
import time

LOCK = '.lock'
# A folder this young may not be locked yet by whoever has just made it.
GRACE_S = 60.0


@contextmanager
def private_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """
    Make a hidden folder that no other process has, and take it away at the end of the block.

    What processes that were killed have left behind is taken away too.

    :raises OSError: the place cannot be written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _remove_left(parent, prefix)
    folder = parent / f'.{prefix}-{os.getpid()}-{secrets.token_hex(4)}'
    folder.mkdir()
    try:
        with (folder / LOCK).open('w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, final: Path) -> bool:
    """
    Give a whole folder its name; false where another process has done so before.

    :raises OSError: it cannot be renamed.
    """
    (folder / LOCK).unlink(missing_ok=True)
    try:
        folder.rename(final)
    except OSError:
        if not final.is_dir():
            raise
        return False
    return True


def _remove_left(parent: Path, prefix: str) -> None:
    for folder in parent.glob(f'.{prefix}-*'):
        # Whatever goes wrong here, another process is at the same work.
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < GRACE_S:
                continue
            with (folder / LOCK).open('a') as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
