"""
A drive as a folder: pictures, all that is true of them, LiDAR, and training shards.

``images/000000.png`` · ``depth/000000.npy`` float32 (H, W) metres, +inf for sky ·
``flow/000000.npy`` float32 (H, W, 2) pixels right and down to the next frame ·
``instance/000000.png`` 16 bit, ranges as in :mod:`steps_ros.sim.instances` ·
``light/000000.npy`` float16 (H, W) lux, at most 65504 · ``lidar/000000.npy`` float32 (N, 5):
x y z in metres, intensity, ring · ``camera.yaml`` as ROS camera calibration writes it ·
``extrinsics.yaml`` where camera and LiDAR sit on the vehicle · ``poses.txt`` world_from_camera and
``lidar_poses.txt`` world_from_lidar, 12 numbers a line, row by row (KITTI) · ``stamps.txt`` and
``lidar_stamps.txt`` nanoseconds · ``shards/*.npz`` as :mod:`steps_ros.sim.shards`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.messages import LIDAR_POINT
from steps_ros.data.outputs import claim_folder, npy_bytes, npz_bytes, png_bytes, write_file
from steps_ros.sim.clip import SimulatedFrame
from steps_ros.sim.trajectory import body_from_camera, mounting_row

FRAMES_A_SHARD = 64
MOST_LUX = float(np.finfo(np.float16).max)
_PATTERNS = (
    'images/*.png',
    'depth/*.npy',
    'flow/*.npy',
    'instance/*.png',
    'light/*.npy',
    'lidar/*.npy',
    'shards/*.npz',
)
_FILES = (
    'camera.yaml',
    'extrinsics.yaml',
    'poses.txt',
    'stamps.txt',
    'lidar_poses.txt',
    'lidar_stamps.txt',
)


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
    lines: dict[str, list[str]] = {}
    for number, frame in enumerate(frames):
        if number == 0:
            write_file(folder / 'camera.yaml', camera_yaml(frame.camera).encode())
            write_file(folder / 'extrinsics.yaml', extrinsics_yaml(frame).encode())
        _write_frame(frame, folder, number)
        for name, line in _lines(frame):
            lines.setdefault(name, []).append(line)
        waiting.append(frame)
        if len(waiting) == FRAMES_A_SHARD:
            _write_shard(waiting, folder, number)
            waiting = []
        yield number
    if waiting:
        _write_shard(waiting, folder, number)
    for name, rows in lines.items():
        write_file(folder / name, ('\n'.join(rows) + '\n').encode())


def _write_frame(frame: SimulatedFrame, folder: Path, number: int) -> None:
    light = np.minimum(frame.illuminance, MOST_LUX).astype(np.float16)
    contents = {
        f'images/{number:06d}.png': png_bytes(frame.image),
        f'depth/{number:06d}.npy': npy_bytes(frame.depth),
        f'flow/{number:06d}.npy': npy_bytes(frame.flow),
        f'instance/{number:06d}.png': png_bytes(frame.instance),
        f'light/{number:06d}.npy': npy_bytes(light),
    }
    if frame.scan is not None:
        points = frame.scan.points
        columns = [points[name].astype(np.float32) for name in LIDAR_POINT.names or ()]
        contents[f'lidar/{number:06d}.npy'] = npy_bytes(np.stack(columns, 1))
    for name, content in contents.items():
        write_file(folder / name, content)


def _lines(frame: SimulatedFrame) -> Iterator[tuple[str, str]]:
    """Yield what a frame adds to which text file."""
    yield 'poses.txt', _row(frame.world_from_camera)
    yield 'stamps.txt', str(frame.stamp_ns)
    if frame.scan is not None:
        yield 'lidar_poses.txt', _row(frame.scan.body @ frame.scan.body_from_lidar)
        yield 'lidar_stamps.txt', str(frame.scan.stamp_ns)


def _row(pose: NDArray[np.float64]) -> str:
    return ' '.join(f'{value:.9g}' for value in pose[:3].ravel())


def extrinsics_yaml(frame: SimulatedFrame) -> str:
    """Return where camera and LiDAR sit on the vehicle, 4x4 row by row, as YAML."""
    mounting = frame.mounting
    lines = [
        '# x_base_link = base_link_from_... x, in metres; base_link: x forward, y left, z up,',
        '# on the road under the camera; camera_optical_frame: x right, y down, z forward;',
        '# lidar: x forward, y left, z up. Pitch looks down where positive; radians.',
        *_transform('base_link_from_camera_optical_frame', body_from_camera(mounting)),
    ]
    if frame.scan is not None:
        lines += _transform('base_link_from_lidar', frame.scan.body_from_lidar)
    lines += [
        'camera:',
        f'  height: {mounting.height:.9g}',
        f'  pitch: {mounting.pitch:.9g}',
        f'  roll: {mounting.roll:.9g}',
        f'  yaw: {mounting.yaw:.9g}',
    ]
    return '\n'.join(lines) + '\n'


def _transform(name: str, matrix: NDArray[np.float64]) -> list[str]:
    return [f'{name}:', *(f'- [{", ".join(f"{value:.9g}" for value in row)}]' for row in matrix)]


def camera_yaml(camera: Camera) -> str:
    """Return the text of a ROS camera calibration file."""
    (fx, _, cx), (_, fy, cy), _ = camera.matrix
    bends = camera.distortion or (0,) * 5
    lines = [
        f'image_width: {camera.width}',
        f'image_height: {camera.height}',
        'camera_name: simulated',
        *_matrix('camera_matrix', 3, 3, (fx, 0, cx, 0, fy, cy, 0, 0, 1)),
        f'distortion_model: {camera.distortion_model}',
        *_matrix('distortion_coefficients', 1, len(bends), bends),
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
