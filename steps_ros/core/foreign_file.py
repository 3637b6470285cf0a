"""
Weights files of others, read without running anything in them.
"""

from __future__ import annotations

import io
from mmap import ACCESS_READ, mmap
from pathlib import Path
import re
from typing import Any, cast, IO
import zipfile

import torch

from steps_ros.core.pickle_scan import key_that_needs
from steps_ros.core.pickle_walk import NotNeededError, storages
from steps_ros.errors import CheckpointError, first_line
from steps_ros.limits import require_within
from steps_ros.regular_file import require_regular

# Bytes of a pickle in which the key that was refused is looked for.
LONGEST_PICKLE = 1 << 26
# CVE-2025-32434 (code, up to 2.5.1) and CVE-2026-24747 (memory, below 2.10).
SAFE_TORCH = (2, 10)
SAFE_TEXT = '.'.join(map(str, SAFE_TORCH))
ZIP_START = b'PK\x03\x04'
# The pickle of the number by which torch knows its old format, and how many come before the rest:
# that number, a version, the machine, the values, the names of the storages.
OLD_START = b'\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'
OLD_PICKLES = 5


def read_foreign(path: Path) -> dict[str, Any]:
    """
    Read a pickled ``.pt``, ``.pth`` or ``.ckpt`` file as plain values and tensors.

    Nothing in the file is ever executed.

    :raises CheckpointError: missing, truncated, in need of unpickling code, above
        ``unpacked_bytes``, or torch is one that may run it nevertheless.
    """
    _check_torch()
    try:
        require_regular(path, str(path), CheckpointError)
        _check(path)
        content = torch.load(path, map_location='cpu', weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f'{path}: no such file; check the path') from None
    except IsADirectoryError:
        raise CheckpointError(f'{path}: is a folder; give the weights file itself') from None
    except CheckpointError:
        raise
    except NotNeededError as error:
        raise CheckpointError(_why_refused(path, str(error))) from error
    except Exception as error:
        raise CheckpointError(_why_unreadable(path, error)) from error
    if not isinstance(content, dict):
        raise CheckpointError(
            f'{path}: holds a {type(content).__name__}, not named weights; save its state_dict()'
        )
    return content


def is_safe(torch_version: str) -> bool:
    """Say whether a version of torch has none of the holes that are known of its loader."""
    numbers = re.findall(r'\d+', torch_version)
    return tuple(map(int, numbers[:2])) >= SAFE_TORCH


def _check_torch() -> None:
    if not is_safe(torch.__version__):
        raise CheckpointError(
            f'import-weights needs torch {SAFE_TEXT} or newer, and this is {torch.__version__}: '
            'in older ones a file of strangers can run code; convert it on another machine'
        )


def _check(path: Path) -> None:
    """
    Look at what torch would make of a file.

    :raises NotNeededError: its pickle asks for what weights do not need.
    :raises ValueError: damaged, or it claims more than there is.
    """
    with path.open('rb') as file:
        is_archive = file.read(len(ZIP_START)) == ZIP_START
    if is_archive:
        with zipfile.ZipFile(path) as archive:
            _check_archive(path, archive)
    else:
        _check_streams(path)


def _check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    """Hold the storages against the sizes of the archive's parts, which zip files hold to."""
    sizes = {item.filename.lower(): item.file_size for item in archive.infolist()}
    if len(sizes) != len(archive.infolist()):
        raise ValueError('two parts of it have one name')
    require_within('unpacked_bytes', sum(sizes.values()), f'{path}, unpacked,', CheckpointError)
    folder = archive.namelist()[0].split('/')[0]
    for storage in storages(io.BytesIO(archive.read(f'{folder}/data.pkl'))):
        if storage.size > sizes.get(f'{folder}/data/{storage.key}'.lower(), 0):
            raise ValueError(f'storage {storage.key} is larger than its part of the file')


def _check_streams(path: Path) -> None:
    """Hold the storages of torch's old format, pickles in a row, against the file's size."""
    with path.open('rb') as file:
        if not file.read(len(OLD_START)) == OLD_START:
            raise ValueError('it is in neither format of torch')
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            named = {
                storage.key: storage.size
                for _ in range(OLD_PICKLES)
                for storage in storages(cast(IO[bytes], content))
            }
            if sum(named.values()) > len(content):
                raise ValueError('its storages are larger than the file')


def _why_refused(path: Path, name: str) -> str:
    key = key_that_needs(_pickle_of(path), name)
    where = f'key {key!r}' if key else 'a value'
    return (
        f'{path}: {where} would need to unpickle {name}, which weights do not need and which '
        "could run code, and was refused; save the file with its 'state_dict' alone where it was "
        'made'
    )


def _why_unreadable(path: Path, error: Exception) -> str:
    told = first_line(error).split('. ')[0]
    return (
        f'{path}: not a readable weights file ({type(error).__name__}: {told}); '
        'copy or download it again'
    )


def _pickle_of(path: Path) -> bytes:
    """Return the pickle stream in a torch file: ``data.pkl`` of a zip, or the file itself."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith('data.pkl'))
        with archive.open(name) as file:
            return file.read(LONGEST_PICKLE)
