"""
The hash of a drive's bytes, computed once for files that have not changed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
import hashlib
from pathlib import Path
import time

from steps_ros.data.digest import digest
from steps_ros.data.outputs import write_file
from steps_ros.errors import OutputError, SourceError

MEMORY = 'digests'
DIGITS = 64
# Files that were changed a moment ago may change again without another time of change.
SETTLED_S = 2.0


def content_hash(paths: Sequence[Path], cache: Path) -> str:
    """
    Return a SHA-256 over the :func:`digest` of each path, in their order.

    It is remembered in the cache by names, sizes and times of change, since reading a long
    recording takes minutes.

    :raises SourceError: a path is missing or cannot be read.
    """
    memory = _memory(paths, cache)
    if memory is not None:
        with suppress(OSError, UnicodeDecodeError):
            known = memory.read_text(encoding='ascii').strip()
            if len(known) == DIGITS:
                return known
    lines = ''.join(f'{digest(path)}\n' for path in paths)
    found = hashlib.sha256(lines.encode()).hexdigest()
    if memory is not None:
        with suppress(OutputError):
            write_file(memory, f'{found}\n'.encode())
    return found


def _memory(paths: Sequence[Path], cache: Path) -> Path | None:
    """Return the file that remembers the hash; None where a file is too young for that."""
    state = hashlib.sha256()
    youngest_s = 0.0
    try:
        for path in paths:
            for file in sorted(path.rglob('*')) if path.is_dir() else [path]:
                facts = file.stat()
                youngest_s = max(youngest_s, facts.st_mtime)
                line = f'{file.resolve()} {facts.st_size} {facts.st_mtime_ns}\n'
                state.update(line.encode(errors='surrogateescape'))
    except OSError as error:
        raise SourceError(f'{path} cannot be read: {error.strerror}; check it') from error
    is_young = time.time() - youngest_s < SETTLED_S
    return None if is_young else cache / MEMORY / f'{state.hexdigest()}.txt'
