"""
Arrays out of .npy and .npz files that anybody may have written.

No objects are made, which would need pickle. What a header says is held against the bytes that are
there before there is memory for it, and what an archive unpacks to against ``unpacked_bytes``.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from pathlib import Path
from tokenize import TokenError
from typing import Any, IO
from zipfile import BadZipFile, ZipFile, ZipInfo
import zlib

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from steps_ros.limits import require_within
from steps_ros.regular_file import require_regular

SUFFIX = '.npy'
# What zipfile and numpy raise on damaged bytes besides ValueError and OSError.
_DAMAGE = (
    BadZipFile, EOFError, MemoryError, NotImplementedError, RuntimeError, SyntaxError, TokenError,
    zlib.error,
)  # fmt: skip


def load_array(path: Path) -> NDArray[Any]:
    """
    Read an .npy file.

    :raises ValueError: damaged, with objects, or above ``unpacked_bytes``.
    :raises OSError: it cannot be opened.
    """
    require_regular(path, 'it', ValueError)
    try:
        with path.open('rb') as file:
            size = path.stat().st_size
            require_within('unpacked_bytes', size, 'the file', ValueError)
            _check_header(file, size)
            file.seek(0)
            return np.asarray(np.load(file, allow_pickle=False))
    except _DAMAGE as error:
        raise ValueError(_reason(error)) from error


def load_arrays(path: Path, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """
    Read arrays of an .npz file.

    :param names: which of them; all where None.
    :raises ValueError: damaged, with objects, or above ``unpacked_bytes``.
    :raises KeyError: it has no array of one of the names.
    :raises OSError: it cannot be opened.
    """
    require_regular(path, 'it', ValueError)
    try:
        with ZipFile(path) as archive:
            there = {item.filename.removesuffix(SUFFIX): item for item in archive.infolist()}
            wanted = {name: there[name] for name in (there if names is None else names)}
            unpacked = sum(item.file_size for item in wanted.values())
            require_within('unpacked_bytes', unpacked, 'the archive', ValueError)
            return {name: _member(archive, item) for name, item in wanted.items()}
    except _DAMAGE as error:
        raise ValueError(_reason(error)) from error


def array_names(path: Path) -> frozenset[str]:
    """
    Return the names of the arrays of an .npz file.

    :raises ValueError: it is damaged.
    :raises OSError: it cannot be opened.
    """
    require_regular(path, 'it', ValueError)
    try:
        with ZipFile(path) as archive:
            return frozenset(name.removesuffix(SUFFIX) for name in archive.namelist())
    except _DAMAGE as error:
        raise ValueError(_reason(error)) from error


def _member(archive: ZipFile, item: ZipInfo) -> NDArray[Any]:
    # zipfile gives no more bytes than the size in its table, whatever they unpack to.
    with archive.open(item) as stream:
        _check_header(stream, item.file_size)
    with archive.open(item) as stream:
        return np.asarray(npy.read_array(stream, allow_pickle=False))


def _check_header(stream: IO[bytes], size: int) -> None:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    if min(shape, default=0) < 0 or math.prod(shape) * max(dtype.itemsize, 1) > size:
        raise ValueError(f'{dtype} of {shape} does not fit its {size} bytes')


def _reason(error: BaseException) -> str:
    return f'{type(error).__name__}: {" ".join(str(error).split())}'
