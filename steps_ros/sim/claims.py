"""
Work that is done piece by piece in a folder: of which settings its pieces are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from steps_ros import __version__
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.errors import OutputError

SETTINGS = 'settings.json'


def claim(folder: Path, settings: dict[str, Any]) -> None:
    """
    Write settings into a folder without pieces, or see that its pieces are of the same settings.

    :param settings: what the pieces depend on; paths and numbers.
    :raises OutputError: the folder holds pieces of other settings, or cannot be written.
    """
    wanted = json.loads(json.dumps({'version': __version__, **settings}, default=str))
    if not any(folder.glob('*.npz')):
        write_file(folder / SETTINGS, json_bytes(wanted))
        return
    found = _read(folder / SETTINGS)
    if found != wanted:
        raise OutputError(
            f'{folder} holds parts of other settings ({_difference(found, wanted)}); '
            f'give those to go on, or --overwrite to start afresh'
        )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return {}


def _difference(found: Any, wanted: dict[str, Any]) -> str:
    """Say in words which setting is the first that differs."""
    if not found:
        return 'which cannot be read'
    theirs, ours = _flat(found), _flat(wanted)
    for name in sorted(ours.keys() | theirs.keys()):
        if theirs.get(name) != ours.get(name):
            return f'{name} is {theirs.get(name)} there and {ours.get(name)} here'
    return 'in their number'


def _flat(settings: Any, prefix: str = '') -> dict[str, Any]:
    if not isinstance(settings, dict):
        return {prefix: settings}
    return {
        name: value
        for key, inner in settings.items()
        for name, value in _flat(inner, f'{prefix}.{key}' if prefix else str(key)).items()
    }
