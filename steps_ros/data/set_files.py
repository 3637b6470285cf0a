"""
Files of data sets: pictures, arrays and lists.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data import array_reading
from steps_ros.data.encodings import decode_compressed
from steps_ros.data.frames import Image
from steps_ros.errors import FrameError, SourceError
from steps_ros.limits import require_within
from steps_ros.regular_file import require_regular

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

PICTURE_SUFFIXES = ('.png', '.jpg', '.jpeg')
# Bytes of a name in a list; file systems take 255, suffixes included.
LONGEST_NAME = 240
STAMP_BITS = 64


def picture_of(path: Path) -> Image:
    """
    Read an image file as (H, W, 3) uint8 RGB.

    :raises FrameError: missing or damaged.
    """
    try:
        return decode_compressed(read_bytes(path))
    except FrameError as error:
        raise FrameError(f'{path}: {error}') from error


def read_bytes(path: Path) -> bytes:
    """
    Read a file.

    :raises FrameError: it cannot be opened, is a pipe or device, or is above ``unpacked_bytes``.
    """
    try:
        require_regular(path, str(path), FrameError)
        require_within('unpacked_bytes', path.stat().st_size, str(path), FrameError)
        return path.read_bytes()
    except OSError as error:
        raise FrameError(f'{path} cannot be opened: {error.strerror}; check the folder') from error


def load_array(path: Path) -> Doubles:
    """
    Read an .npy without objects in it.

    :raises FrameError: missing or damaged.
    """
    try:
        return array_reading.load_array(path)
    except (OSError, ValueError) as error:
        reason = ' '.join(str(error).split())
        raise FrameError(f'{path} cannot be read: {reason}; write it again') from error


def depth_array(path: Path) -> Floats:
    """
    Read depth in metres from an .npy of two dimensions; objects in it are refused.

    :raises FrameError: missing, damaged, or of another shape.
    """
    depth = load_array(path)
    if depth.ndim != 2 or not depth.size or depth.dtype.kind not in 'fui':
        raise FrameError(
            f'{path} is {depth.dtype} of shape {depth.shape}, no depth map; give (H, W) metres'
        )
    return depth.astype(np.float32, copy=False)


def matrix_camera(matrix: Doubles, image: Image) -> Camera:
    """
    Return the camera of an image from its K (3, 3) or (4, 4).

    :raises FrameError: K is none.
    """
    height, width = image.shape[:2]
    if matrix.ndim != 2 or min(matrix.shape) < 3:
        raise FrameError(f'intrinsics of shape {matrix.shape} are no K; give 3x3')
    (fx, _, cx), (_, fy, cy) = matrix[:2, :3].tolist()
    return Camera(width, height, fx, fy, cx, cy)


def find_picture(folder: Path, stem: str) -> Path:
    """Return the image of this stem, .png where there is none of a known suffix."""
    candidates = [folder / f'{stem}{suffix}' for suffix in PICTURE_SUFFIXES]
    return next((path for path in candidates if path.is_file()), candidates[0])


def inside(folder: Path, name: str) -> Path:
    """
    Return the place of a file that a list or table names.

    :raises SourceError: it would lie outside the folder, or no file can have this name.
    """
    if '\0' in name or len(os.fsencode(name)) > LONGEST_NAME:
        raise SourceError(f'{folder}: a list names {name[:40]!r}, no name of a file; correct it')
    if Path(name).is_absolute() or '..' in Path(name).parts:
        raise SourceError(f'{folder}: a list names {name!r}, which lies outside; correct the list')
    return folder / name


def stamp_of(text: str, unit_ns: int = 1) -> int:
    """
    Return the nanoseconds of a whole number of units.

    :raises ValueError: it is none, or beyond 64 bits.
    """
    stamp_ns = int(text) * unit_ns
    if stamp_ns.bit_length() >= STAMP_BITS:
        raise ValueError(f'{text[:40]} is beyond {STAMP_BITS} bits of nanoseconds')
    return stamp_ns


def read_lines(path: Path) -> list[str]:
    """
    Return the first word of each line of a split file; ``#`` and ``---`` begin no sample.

    :raises SourceError: it cannot be read, names nothing, or what lies outside its folder.
    """
    try:
        require_regular(path, str(path), SourceError)
        lines = path.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f'{path} cannot be read: {error}; check it') from error
    words = [line.split()[0] for line in lines if line.strip()]
    names = [word for word in words if not word.startswith(('#', '---'))]
    if not names:
        raise SourceError(f'{path} names no sample; write one a line')
    for name in names:
        inside(path.parent, name)
    return names
