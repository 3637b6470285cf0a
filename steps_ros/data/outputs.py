"""
Result files, written whole or not at all.

Whoever finds a file under its own name can read it, also after Ctrl-C.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.errors import OutputError
from steps_ros.whole_file import write_whole

FARTHEST_MM = 65535


def claim_folder(path: Path, overwrite: bool) -> None:
    """
    Make sure that results may go to this folder; it is made with the first file.

    :raises OutputError: it is a file, or it holds something and ``overwrite`` is false.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f'{path} is a file; give a folder')
    if path.is_dir() and not overwrite and any(path.iterdir()):
        raise OutputError(f'{path} is not empty; choose another folder or give --overwrite')


def write_file(path: Path, content: bytes, lasting: bool = False) -> None:
    """
    Write a file under its name only when it is whole, making its folder.

    :param lasting: it shall survive a power cut, and is waited for until it can.
    :raises OutputError: the disk is full, or the place cannot be written.
    """
    try:
        write_whole(path, content, lasting)
    except OSError as error:
        raise OutputError(
            f'{path} cannot be written: {error.strerror}; make room or choose another place, and '
            'start again'
        ) from error


def png_bytes(image: NDArray[Any]) -> bytes:
    """Encode (H, W, 3) uint8 RGB, or (H, W) uint8 or uint16, as PNG."""
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    done, content = cv2.imencode('.png', pixels)
    assert done
    return bytes(content)


def npy_bytes(array: NDArray[Any]) -> bytes:
    """Encode an array as .npy."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def npz_bytes(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Encode named arrays as .npz, uncompressed."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def json_bytes(content: Any) -> bytes:
    """
    Encode for people: indented, in the order given.

    A name of a file may hold bytes that are no text: they become escapes, which JSON reads back.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False) + '\n'
    return text.encode(errors='backslashreplace')


def millimetres(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """
    Convert metres to the 16-bit millimetres of REP 118.

    :param depth: (H, W), metres.
    :returns: (H, W); 0 where depth is not finite or beyond 65.535 m, which 16 bits cannot say.
    """
    with np.errstate(invalid='ignore', over='ignore'):
        scaled = np.rint(depth * np.float32(1000))
        known = np.isfinite(scaled) & (scaled > 0) & (scaled <= FARTHEST_MM)
    return np.where(known, scaled, 0).astype(np.uint16)
