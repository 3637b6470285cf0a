"""
Folders of pictures with lists, tables, calibrations and measured depth beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
import json

import numpy as np

from fuzzing.contract import Target
from fuzzing.messages import COLOUR, DEPTH, encoded, GREY
from fuzzing.scratch import folder_of, numbered, with_one_damaged
from fuzzing.texts import WORDS
from steps_ros.core.camera import Camera
from steps_ros.data.drive_kinds import open_drive
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.outputs import npy_bytes
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.samples import Sample

Files = dict[str, bytes]

HEIGHT, WIDTH = GREY.shape
MATRIX = np.array([[10.0, 0, 4, 0], [0, 11, 3, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
CAMERA = b'{width: 8, height: 6, fx: 10, fy: 11, cx: 4, cy: 3}'
STAMPS = (1_418_756_721_422_000, 1_418_756_721_484_000)
UPRIGHT, OPTICAL = [1.0, 0, 0, 0], [0.5, -0.5, 0.5, -0.5]
# What tables and lists of names and stamps are damaged with, besides what YAML is.
LIST_WORDS = (
    *WORDS, b'..', b'/', b'../../etc/passwd', b'a/b', b'#', b'---', b'-----', b'1e-320', b'nan',
    b'inf', b'-inf', b'9' * 30, b'\xd9\xa1', b'sc', b's1', b's2', b'c1', b'c2', b'e1', b'true',
    b'CAM_FRONT', b'LIDAR_TOP',
)  # fmt: skip


@cache
def picture(suffix: str = '.png') -> bytes:
    """Return a small picture."""
    return encoded(suffix, COLOUR)


@cache
def simulated() -> Files:
    """Return a simulated drive."""
    numbers = range(2)
    return {
        'stamps.txt': b'100000000\n200000000\n',
        'poses.txt': b'\n'.join(b'1 0 0 %d 0 1 0 0 0 0 1 0' % number for number in numbers),
        'camera.yaml': CAMERA,
        **{f'images/{number:06d}.png': picture() for number in numbers},
        **{f'depth/{number:06d}.npy': npy_bytes(DEPTH) for number in numbers},
    }


@cache
def kitti_object() -> Files:
    """Return a picture of KITTI's object benchmark."""
    points = np.array([[4.5, 1, 1, 0.3], [-4, 0, 0, 0.3]], '<f4')
    return {
        'calib/000007.txt': (
            b'P2: 10 0 4 5 0 11 3 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\n'
            b'Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 -0.5\n\n'
        ),
        'velodyne/000007.bin': points.tobytes(),
        'image_2/000007.png': picture(),
    }


@cache
def kitti_depth() -> Files:
    """Return a picture of KITTI's depth benchmark."""
    return {
        'intrinsics/d_sync_image_5.txt': b'10 0 4 0 11 3 0 0 1',
        'groundtruth_depth/d_sync_groundtruth_depth_5.png': encoded(
            '.png', GREY.astype(np.uint16) * 256
        ),
        'image/d_sync_image_5.png': picture(),
    }


@cache
def nuscenes() -> Files:
    """Return one keyframe of nuScenes."""
    tables = {
        'sensor': [
            {'token': 's1', 'channel': 'CAM_FRONT'},
            {'token': 's2', 'channel': 'LIDAR_TOP'},
        ],
        'calibrated_sensor': [
            {'token': 'c1', 'sensor_token': 's1', 'translation': [1.0, 0, 1.5],
             'rotation': OPTICAL, 'camera_intrinsic': MATRIX[:3, :3].tolist()},
            {'token': 'c2', 'sensor_token': 's2', 'translation': [0, 0, 2.0],
             'rotation': UPRIGHT, 'camera_intrinsic': []},
        ],
        'scene': [{'token': 'sc', 'name': 'scene-0001'}],
        'sample': [{'token': 'sa', 'scene_token': 'sc', 'timestamp': 1}],
        'ego_pose': [{'token': 'e1', 'translation': [100.0, 50, 0], 'rotation': UPRIGHT}],
        'sample_data': [
            {'sample_token': 'sa', 'ego_pose_token': 'e1', 'calibrated_sensor_token': 'c1',
             'timestamp': 1_000_000, 'is_key_frame': True, 'filename': 'samples/a.png'},
            {'sample_token': 'sa', 'ego_pose_token': 'e1', 'calibrated_sensor_token': 'c2',
             'timestamp': 1_100_000, 'is_key_frame': True, 'filename': 'samples/a.bin'},
        ],
    }  # fmt: skip
    points = np.array([[10, 0, 0.5, 9, 3], [10, 1, 1, 9, 3]], '<f4')
    return {
        **{f'v1.0-mini/{name}.json': json.dumps(rows).encode() for name, rows in tables.items()},
        'samples/a.bin': points.tobytes(),
        'samples/a.png': picture(),
    }


@cache
def nuscenes_night() -> Files:
    """Return the test half of nuScenes-Night."""
    names = [f'n015-a__CAM_FRONT__{stamp}' for stamp in STAMPS]
    return {
        'splits/night_test_split.txt': f'# names\n{names[0]} more\n{names[1]}\n'.encode(),
        'test_night/intrinsic.npy': npy_bytes(MATRIX),
        **{f'test_night/color/{name}.jpg': picture('.jpg') for name in names},
        **{f'test_night/gt/{name}.npy': npy_bytes(DEPTH) for name in names},
    }


@cache
def robotcar_night() -> Files:
    """Return a drive of RobotCar-Night; its list serves both halves."""
    listed = f'# stamp\n{STAMPS[0]} 1\n-----\n{STAMPS[1]} 1\n'.encode()
    return {
        'test_split.txt': listed,
        'train_split.txt': listed,
        'intrinsic.npy': npy_bytes(MATRIX),
        **{f'rgb/{stamp}.png': picture() for stamp in STAMPS},
        **{f'depth/{stamp}.npy': npy_bytes(DEPTH) for stamp in STAMPS},
    }


@cache
def nuscenes_scenes() -> Files:
    """Return the training half of nuScenes-Night."""
    names = [f'n015__CAM_FRONT__{stamp}' for stamp in STAMPS]
    scene = 'sequences/scene-0001'
    return {
        'splits/night_train_split.txt': b'# scenes\nscene-0001 token\n',
        f'{scene}/file_list.txt': '\n'.join(f'{name}.jpg' for name in names).encode(),
        f'{scene}/intrinsic.npy': npy_bytes(MATRIX),
        **{f'{scene}/{name}.jpg': picture('.jpg') for name in names},
    }


def check_samples(name: str, files: Callable[[], Files], content: bytes) -> None:
    """Samples whose references lie in their pictures."""
    folder = folder_of(name, with_one_damaged(files(), content))
    with open_samples(folder, InputSettings()) as source:
        for sample in source:
            _check_sample(sample)


def _check_sample(sample: Sample) -> None:
    assert all(isinstance(word, str) for word in (sample.drive, sample.camera, sample.stem))
    assert type(sample.stamp_ns) is type(sample.gap_ns) is int
    assert sample.image is not None
    _check_picture(sample.image, sample.intrinsics)
    columns, rows, depth, (height, width) = sample.reference
    assert columns.shape == rows.shape == depth.shape
    assert depth.size
    assert ((depth > 0) & (depth < np.inf)).all()
    assert ((columns > -1) & (columns < width) & (rows > -1) & (rows < height)).all()
    if sample.world_from_camera is not None:
        assert np.isfinite(sample.world_from_camera).all()


def _check_picture(image: np.ndarray, camera: Camera | None) -> None:
    assert image.dtype == np.uint8
    assert image.shape[2:] == (3,)
    if camera is not None:
        assert (camera.height, camera.width) == image.shape[:2]


def check_drive(name: str, files: Callable[[], Files], content: bytes) -> None:
    """Frames of a drive to train on."""
    folder = folder_of(name, with_one_damaged(files(), content))
    with open_drive(folder, DriveOptions()) as drive:
        assert drive.missing_camera
        for item in drive:
            _check_picture(item.frame.image, item.frame.camera)
            assert type(item.frame.stamp_ns) is type(item.sequence) is int
            assert item.speed_mps is None or item.speed_mps >= 0


def _seeds(files: Callable[[], Files]) -> list[bytes]:
    return numbered(files())


def _target(
    name: str,
    files: Callable[[], Files],
    check: Callable[[str, Callable[[], Files], bytes], None],
) -> Target:
    return Target(name, partial(_seeds, files), partial(check, name, files), LIST_WORDS)


TARGETS = (
    _target('simulated_samples', simulated, check_samples),
    _target('kitti_object', kitti_object, check_samples),
    _target('kitti_depth', kitti_depth, check_samples),
    _target('nuscenes_tables', nuscenes, check_samples),
    _target('nuscenes_night', nuscenes_night, check_samples),
    _target('robotcar_night', robotcar_night, check_samples),
    _target('simulated_drive', simulated, check_drive),
    _target('nuscenes_drive', nuscenes_scenes, check_drive),
    _target('robotcar_drive', robotcar_night, check_drive),
)
