"""
Paths as users write them.
"""

from __future__ import annotations

from pathlib import Path


def exists(path: Path) -> bool:
    """Say whether there is something, also of a name that no file can have."""
    try:
        return path.exists()
    # Too long for the file system, or with a zero byte.
    except (OSError, ValueError):
        return False
