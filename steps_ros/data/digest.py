"""
A fingerprint of a recording or a folder, so that a report says what it was made from.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from steps_ros.data.paths import exists
from steps_ros.errors import SourceError
from steps_ros.regular_file import require_regular

CHUNK_BYTES = 1 << 20


def digest(path: Path | str) -> str:
    """
    Return the SHA-256 of a file, or of all files of a folder, as 64 hexadecimal digits.

    A folder's is that of the lines ``SHA256 PATH`` of its files in the order of their names, which
    ``find . -type f`` and ``sha256sum`` repeat; times and rights do not count.

    :raises SourceError: it does not exist or cannot be read.
    """
    path = Path(path)
    if not exists(path):
        raise SourceError(f'{path} does not exist; check the path')
    try:
        return _folder_digest(path) if path.is_dir() else _file_digest(path)
    except OSError as error:
        raise SourceError(f'{path} cannot be read: {error.strerror}; check its rights') from error


def _folder_digest(folder: Path) -> str:
    total = hashlib.sha256()
    names = sorted(file.relative_to(folder).as_posix() for file in _files(folder))
    for name in names:
        total.update(f'{_file_digest(folder / name)}  {name}\n'.encode(errors='surrogateescape'))
    return total.hexdigest()


def _files(folder: Path) -> list[Path]:
    return [item for item in folder.rglob('*') if item.is_file()]


def _file_digest(file: Path) -> str:
    require_regular(file, str(file), SourceError)
    content = hashlib.sha256()
    with file.open('rb') as stream:
        while chunk := stream.read(CHUNK_BYTES):
            content.update(chunk)
    return content.hexdigest()
