"""
What one process tells the others: a small JSON file, replaced as a whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from steps_ros.errors import OutputError


def write_status(path: Path, values: dict[str, Any]) -> None:
    """
    Replace the file, so that a reader never sees half of it.

    :raises OutputError: the disk is full or gone.
    """
    partial = path.with_name(path.name + '.partial')
    try:
        partial.write_text(json.dumps(values), encoding='utf-8')
        partial.replace(path)
    except OSError as error:
        raise OutputError(f'{path} cannot be written: {error.strerror}; make room') from error


def read_status(path: Path) -> dict[str, Any]:
    """Return what the process said last; empty before it said anything."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return {}
    return values
