"""
Weights files of others, read without running anything in them.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
import pickle
from typing import Any
import zipfile

import torch

from steps_ros.core.pickle_scan import key_that_needs, refused_name
from steps_ros.errors import CheckpointError, first_line
from steps_ros.limits import require_within

# Bytes of a pickle in which the key that was refused is looked for.
LONGEST_PICKLE = 1 << 26


def read_foreign(path: Path) -> dict[str, Any]:
    """
    Read a pickled ``.pt``, ``.pth`` or ``.ckpt`` file as plain values and tensors.

    Nothing in the file is ever executed.

    :raises CheckpointError: missing, truncated, in need of unpickling code, or above
        ``unpacked_bytes``.
    """
    try:
        _check_unpacked(path)
        content = torch.load(path, map_location='cpu', weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f'{path}: no such file; check the path') from None
    except IsADirectoryError:
        raise CheckpointError(f'{path}: is a folder; give the weights file itself') from None
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(_why_unreadable(path, error)) from error
    if not isinstance(content, dict):
        raise CheckpointError(
            f'{path}: holds a {type(content).__name__}, not named weights; save its state_dict()'
        )
    return content


def _check_unpacked(path: Path) -> None:
    """Look at what the parts of a zip file say that they unpack to, which zip files hold to."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
        require_within('unpacked_bytes', size, f'{path}, unpacked,', CheckpointError)


def _why_unreadable(path: Path, error: Exception) -> str:
    name = refused_name(str(error)) if isinstance(error, pickle.UnpicklingError) else None
    if name is None:
        told = first_line(error).split('. ')[0]
        return (
            f'{path}: not a readable weights file ({type(error).__name__}: {told}); '
            'copy or download it again'
        )
    key = key_that_needs(_pickle_of(path), name)
    where = f'key {key!r}' if key else 'a value'
    return (
        f'{path}: {where} would need to unpickle {name}, which could run code, and was refused; '
        "save the file with its 'state_dict' alone where it was made"
    )


def _pickle_of(path: Path) -> bytes:
    """Return the pickle stream in a torch file: ``data.pkl`` of a zip, or the file itself."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    # An archive that torch read as far as this may still be damaged in zipfile's eyes.
    with suppress(Exception), zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith('data.pkl'))
        with archive.open(name) as file:
            return file.read(LONGEST_PICKLE)
    return b''
