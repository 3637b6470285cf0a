"""
The weights that come with the package, and how a user names them.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / 'weights'
# The default is the tiny network; resnet18 takes 2.2 to 2.6 times as long.
NAMES = ('default', 'resnet18')
DEFAULT_WEIGHTS = _FOLDER / 'default.safetensors'
# How a usage line says what may be given.
METAVAR = '|'.join((*NAMES, 'FILE'))


def weights_file(given: str) -> Path:
    """
    Return the file that a user means: one of the package by its name, or any by its path.

    :param given: one of :data:`NAMES`, or a path, in which ``~`` is the home folder.
    """
    # A bare word is no file of weights: those end in .safetensors or .yaml.
    return _FOLDER / f'{given}.safetensors' if given in NAMES else Path(given).expanduser()
