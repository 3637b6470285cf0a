"""
Folders as KITTI lays them out: object detection with LiDAR, and accumulated depth.

Object: ``calib/000000.txt`` (P2, R0_rect, Tr_velo_to_cam), ``image_2/000000.png``,
``velodyne/000000.bin`` float32 x y z reflectance. Depth: pictures and 16-bit PNG of depth x 256,
0 where nothing was measured, as ``rgb/`` and ``depth/`` with equal names or as the benchmark's
``image/``, ``groundtruth_depth/`` and ``intrinsics/``.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.cameras import find_camera_file, fitted, read_camera
from steps_ros.data.frames import Image
from steps_ros.data.image_decoding import decode_picture
from steps_ros.data.set_files import find_picture, matrix_camera, read_bytes
from steps_ros.data.sources import list_images
from steps_ros.errors import FrameError
from steps_ros.eval.dropped import BAD_REFERENCE, dropping, NO_CAMERA
from steps_ros.eval.folder_samples import Layout, Listing, read_picture, read_points
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.references import reference_from_depth, reference_from_points, transformed
from steps_ros.eval.samples import Reference, Sample

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

UNITS_PER_METRE = 256.0
# No stamps, and frames of many drives: too far apart to compare one with the next.
FRAME_PERIOD_NS = 1_000_000_000
RECORD_NUMBERS = 4
_DEPTH_FOLDERS = (('rgb', 'depth'), ('image', 'groundtruth_depth'), ('image_02', 'depth'))


def _object_root(path: Path) -> Path | None:
    wanted = ('calib', 'image_2', 'velodyne')
    places = (path, path / 'training')
    return next((p for p in places if all((p / name).is_dir() for name in wanted)), None)


def _object_listing(root: Path, settings: InputSettings) -> Listing:
    names = [path.stem for path in list_images(root / 'image_2')]
    makers = [
        partial(_object_sample, root, name, index, settings) for index, name in enumerate(names)
    ]
    return Listing({'image': 'image_2', 'reference': 'velodyne', 'motion': 'none'}, makers)


def _object_sample(root: Path, name: str, index: int, settings: InputSettings) -> Sample:
    image = read_picture(find_picture(root / 'image_2', name))
    with dropping(NO_CAMERA):
        camera, camera_from_lidar = read_object_calibration(root / 'calib' / f'{name}.txt', image)
    points = read_points(root / 'velodyne' / f'{name}.bin', RECORD_NUMBERS)
    reference = reference_from_points(transformed(camera_from_lidar, points), camera, settings)
    return _sample(root, 'image_2', (name, index), image, camera, reference)


def read_object_calibration(path: Path, image: Image) -> tuple[Camera, Doubles]:
    """
    Read the calibration of one picture of the object benchmark.

    :returns: the rectified colour camera, and camera_from_lidar (4x4).
    :raises FrameError: missing, or P2, R0_rect or Tr_velo_to_cam is not in it.
    """
    try:
        rows = (
            line.split(':', 1) for line in read_bytes(path).decode().splitlines() if ':' in line
        )
        numbers = {key.strip(): np.array(text.split(), np.float64) for key, text in rows}
        projection = numbers['P2'].reshape(3, 4)
        rectified_from_camera, camera_from_lidar = np.eye(4), np.eye(4)
        rectified_from_camera[:3, :3] = numbers['R0_rect'].reshape(3, 3)
        camera_from_lidar[:3] = numbers['Tr_velo_to_cam'].reshape(3, 4)
        # P2 = K [I | t]: the colour camera is beside the one that all is rectified to.
        colour_from_rectified = np.eye(4)
        colour_from_rectified[:3, 3] = np.linalg.solve(projection[:, :3], projection[:, 3])
    except (KeyError, ValueError, np.linalg.LinAlgError) as error:
        raise FrameError(
            f'{path} is no calibration of the object benchmark: {error}; P2, R0_rect and '
            'Tr_velo_to_cam are needed'
        ) from error
    camera = matrix_camera(projection[:, :3], image)
    return camera, colour_from_rectified @ rectified_from_camera @ camera_from_lidar


def _depth_root(path: Path) -> Path | None:
    return path if _depth_folders(path) is not None else None


def _depth_folders(root: Path) -> tuple[Path, Path] | None:
    for pictures, depths in _DEPTH_FOLDERS:
        folders = root / pictures, root / depths
        if folders[0].is_dir() and any(folders[1].glob('*.png')):
            return folders
    return None


def _depth_listing(root: Path, settings: InputSettings) -> Listing:
    folders = _depth_folders(root)
    assert folders is not None
    pictures, depths = folders
    camera_file = find_camera_file(pictures)
    camera = None if camera_file is None else read_camera(camera_file)
    makers = [
        partial(_depth_sample, root, path, depths, camera, index)
        for index, path in enumerate(list_images(pictures))
    ]
    words = {'image': pictures.name, 'reference': depths.name, 'motion': 'none'}
    return Listing(words, makers)


def _depth_sample(
    root: Path, picture: Path, depths: Path, camera: Camera | None, index: int
) -> Sample:
    image = read_picture(picture)
    name = picture.stem.replace('_sync_image_', '_sync_groundtruth_depth_')
    depth = read_depth_png(depths / f'{name}.png')
    height, width = image.shape[:2]
    with dropping(NO_CAMERA):
        own = _benchmark_camera(root / 'intrinsics' / f'{picture.stem}.txt', image)
    known = own or fitted(camera, width, height)
    reference = reference_from_depth(depth, (height, width))
    return _sample(root, picture.parent.name, (picture.stem, index), image, known, reference)


def read_depth_png(path: Path) -> Floats:
    """
    Read a 16-bit PNG of depth x 256.

    :returns: (H, W) float32 metres, 0 where nothing was measured.
    :raises DroppedError: missing, damaged, or not of 16 bits.
    """
    with dropping(BAD_REFERENCE):
        pixels = decode_picture(read_bytes(path), cv2.IMREAD_UNCHANGED)
        if pixels.dtype != np.uint16 or pixels.ndim != 2:
            raise FrameError(f'{path} is no 16-bit grey PNG of depth x 256; write it so')
        return np.asarray(pixels / np.float32(UNITS_PER_METRE), np.float32)


def _benchmark_camera(path: Path, image: Image) -> Camera | None:
    if not path.is_file():
        return None
    try:
        matrix = np.array(read_bytes(path).decode().split(), np.float64).reshape(3, 3)
    except ValueError as error:
        raise FrameError(f'{path} holds no nine numbers of K; correct it') from error
    return matrix_camera(matrix, image)


def _sample(
    root: Path,
    camera_name: str,
    place: tuple[str, int],
    image: Image,
    camera: Camera | None,
    reference: Reference,
) -> Sample:
    name, index = place
    stamp_ns = index * FRAME_PERIOD_NS
    return Sample(root.name, camera_name, name, stamp_ns, image, camera, reference)


OBJECT = Layout('calib/, image_2/ and velodyne/', _object_root, _object_listing)
DEPTH = Layout(
    'rgb/ and depth/ (or image/ and groundtruth_depth/) with 16-bit PNG',
    _depth_root,
    _depth_listing,
)
