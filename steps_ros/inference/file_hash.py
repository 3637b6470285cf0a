"""
What a file of weights is told by, whatever it is called.
"""

from __future__ import annotations

from functools import partial
import hashlib
from pathlib import Path

BLOCK_BYTES = 1 << 20


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as ``sha256sum`` says it, in little memory."""
    content = hashlib.sha256()
    with path.open('rb') as file:
        for block in iter(partial(file.read, BLOCK_BYTES), b''):
            content.update(block)
    return content.hexdigest()
