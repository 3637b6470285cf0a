"""
A drive as a folder: pictures, depth, camera, poses, and training shards of the same frames.

``images/000000.png`` · ``depth/000000.npy`` float32 metres with +inf for sky · ``camera.yaml`` as
ROS camera calibration writes it · ``poses.txt`` world_from_camera, 12 numbers a line, row by row
(KITTI) · ``stamps.txt`` nanoseconds · ``shards/*.npz`` as :mod:`steps_ros.sim.shards`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.outputs import claim_folder, npy_bytes, npz_bytes, png_bytes, write_file
from steps_ros.sim.clip import SimulatedFrame
from steps_ros.sim.shards import mounting_row

FRAMES_A_SHARD = 64
_PATTERNS = ('images/*.png', 'depth/*.npy', 'shards/*.npz')
_FILES = ('camera.yaml', 'poses.txt', 'stamps.txt')


def write_folder(
    frames: Iterable[SimulatedFrame], folder: Path, overwrite: bool = False
) -> Generator[int, None, None]:
    """
    Write all frames and yield the number of each when it is written.

    What was written is taken away again when the work is broken off.

    :raises OutputError: the folder holds something and ``overwrite`` is false, or it cannot be
        written.
    """
    claim_folder(folder, overwrite)
    _clear(folder)
    try:
        yield from _write(frames, folder)
    except BaseException:
        _clear(folder)
        raise


def _write(frames: Iterable[SimulatedFrame], folder: Path) -> Iterator[int]:
    waiting: list[SimulatedFrame] = []
    poses, stamps = [], []
    for number, frame in enumerate(frames):
        if number == 0:
            write_file(folder / 'camera.yaml', camera_yaml(frame.camera).encode())
        write_file(folder / 'images' / f'{number:06d}.png', png_bytes(frame.image))
        write_file(folder / 'depth' / f'{number:06d}.npy', npy_bytes(frame.depth))
        poses.append(' '.join(f'{value:.9g}' for value in frame.world_from_camera[:3].ravel()))
        stamps.append(str(frame.stamp_ns))
        waiting.append(frame)
        if len(waiting) == FRAMES_A_SHARD:
            _write_shard(waiting, folder, number)
            waiting = []
        yield number
    if waiting:
        _write_shard(waiting, folder, len(poses) - 1)
    write_file(folder / 'poses.txt', ('\n'.join(poses) + '\n').encode())
    write_file(folder / 'stamps.txt', ('\n'.join(stamps) + '\n').encode())


def camera_yaml(camera: Camera) -> str:
    """Return the text of a ROS camera calibration file."""
    (fx, _, cx), (_, fy, cy), _ = camera.matrix
    lines = [
        f'image_width: {camera.width}',
        f'image_height: {camera.height}',
        'camera_name: simulated',
        *_matrix('camera_matrix', 3, 3, (fx, 0, cx, 0, fy, cy, 0, 0, 1)),
        f'distortion_model: {camera.distortion_model}',
        *_matrix('distortion_coefficients', 1, 5, (0, 0, 0, 0, 0)),
        *_matrix('rectification_matrix', 3, 3, (1, 0, 0, 0, 1, 0, 0, 0, 1)),
        *_matrix('projection_matrix', 3, 4, (fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0)),
    ]
    return '\n'.join(lines) + '\n'


def _matrix(name: str, rows: int, columns: int, values: tuple[float, ...]) -> list[str]:
    numbers = ', '.join(f'{value:.9g}' for value in values)
    return [f'{name}:', f'  rows: {rows}', f'  cols: {columns}', f'  data: [{numbers}]']


def _write_shard(frames: list[SimulatedFrame], folder: Path, last: int) -> None:
    arrays: dict[str, NDArray[Any]] = {
        'images': np.stack([frame.image for frame in frames])[:, None],
        'depth': np.stack([frame.depth for frame in frames]).astype(np.float16),
        'intrinsics': np.array([frame.camera.matrix for frame in frames], np.float32),
        'mounting': np.array([mounting_row(frame.mounting) for frame in frames], np.float32),
    }
    write_file(folder / 'shards' / f'frames_{last:06d}.npz', npz_bytes(arrays))


def _clear(folder: Path) -> None:
    """Take away the files of a drive, and the folders that this leaves empty."""
    for pattern in _PATTERNS:
        for path in folder.glob(pattern):
            path.unlink()
        with suppress(OSError):
            (folder / pattern.split('/', maxsplit=1)[0]).rmdir()
    for name in _FILES:
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
