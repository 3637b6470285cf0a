"""
The weights that come with the package, and how a user names them.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / 'weights'
DEFAULT_WEIGHTS = _FOLDER / 'default.safetensors'


def weights_file(given: str) -> Path:
    """
    Return the file that a user means: one of the package by its name, or any by its path.

    :param given: ``default``, or a path, in which ``~`` is the home folder.
    """
    # A bare word is no file of weights: those end in .safetensors or .yaml.
    shipped = _FOLDER / f'{given}.safetensors'
    return shipped if given.isidentifier() and shipped.exists() else Path(given).expanduser()
