"""
Folders in the known layouts give samples; others and damaged ones give one line.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.errors import SettingsError, SourceError
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.occlusion import hidden

HEIGHT, WIDTH = 12, 16
MATRIX = np.array([[10.0, 0, 8], [0, 11, 6], [0, 0, 1]])
LIDAR_TURN = '0 -1 0 0 0 -1 1 0 0'


def samples_of(path, layout=None, **options):
    with open_samples(path, InputSettings(**options), layout) as source:
        return list(source), source


def refusal(path, layout=None, **options):
    with pytest.raises(SourceError) as caught:
        samples_of(path, layout, **options)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def write_picture(path: Path, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((HEIGHT, WIDTH, 3), value, np.uint8))


def write_array(path: Path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def depth(value=3.0, scale=1):
    return np.full((HEIGHT * scale, WIDTH * scale), value, np.float32)


@pytest.fixture
def simulated(tmp_path):
    root = tmp_path / 'drive'
    for index in range(3):
        write_picture(root / 'images' / f'{index:06d}.png', index)
        write_array(root / 'depth' / f'{index:06d}.npy', depth(index + 1))
    (root / 'camera.yaml').write_text('{width: 16, height: 12, fx: 10, fy: 11, cx: 8, cy: 6}')
    (root / 'stamps.txt').write_text('100\n200\n300\n')
    rows = [f'1 0 0 {index} 0 1 0 0 0 0 1 0' for index in range(3)]
    (root / 'poses.txt').write_text('\n'.join(rows))
    (root / 'shards').mkdir()
    np.savez(root / 'shards' / 'frames_000002.npz', mounting=np.tile([1.5, 0.1, 0.2], (3, 1)))
    return root


def test_simulated(simulated):
    samples, source = samples_of(simulated)
    assert source.inputs['layout'] == 'simulated'
    assert source.sample_count == 3
    assert [sample.stamp_ns for sample in samples] == [100, 200, 300]
    last = samples[2]
    assert last.intrinsics == Camera(16, 12, 10, 11, 8, 6)
    assert last.world_from_camera[0, 3] == 2
    assert last.mounting == pytest.approx((1.5, 0.1, 0.2))
    assert last.reference.depth[0] == 3
    assert last.image[0, 0, 0] == 2


def test_a_folder_keeps_its_own_calibration(simulated):
    with pytest.raises(SettingsError, match=r'calibration of its own.*leave --intrinsics out'):
        samples_of(simulated, intrinsics=simulated / 'camera.yaml')


def test_simulated_without_shards_has_no_mounting(simulated):
    (simulated / 'shards' / 'frames_000002.npz').unlink()
    assert samples_of(simulated)[0][0].mounting is None


def test_files_that_are_damaged_are_counted(simulated):
    (simulated / 'images' / '000000.png').write_bytes(b'no picture')
    np.save(simulated / 'depth' / '000001.npy', np.array([{}], object), allow_pickle=True)
    samples, source = samples_of(simulated)
    assert [sample.stem for sample in samples] == ['000002']
    assert source.dropped == {'image cannot be decoded': 1, 'reference cannot be decoded': 1}


def test_folder_of_which_nothing_is_usable(simulated):
    for index in range(3):
        np.save(simulated / 'depth' / f'{index:06d}.npy', depth(0.0))
    message = refusal(simulated)
    assert 'none of 3 pictures' in message
    assert 'no value above 0' in message


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('stamps.txt', '100\n'), ('stamps.txt', '1 2 ' + '9' * 30), ('poses.txt', 'x'),
        ('poses.txt', '\n'.join(['1 0 0 nan 0 1 0 0 0 0 1 0'] * 3)),
    ],
)  # fmt: skip
def test_simulated_with_damaged_lists(simulated, name, content):
    (simulated / name).write_text(content)
    assert 'poses' in refusal(simulated)


@pytest.fixture
def kitti_object(tmp_path):
    root = tmp_path / 'object' / 'training'
    write_picture(root / 'image_2' / '000007.png')
    (root / 'calib').mkdir()
    (root / 'calib' / '000007.txt').write_text(
        'P2: 10 0 8 5 0 11 6 0 0 0 1 0\n'
        'R0_rect: 1 0 0 0 1 0 0 0 1\n'
        'Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 -0.5\n\n'
    )
    (root / 'velodyne').mkdir()
    points = np.array([[4.5, 1, 1, 0.3], [-4, 0, 0, 0.3]], '<f4')
    points.tofile(root / 'velodyne' / '000007.bin')
    return root.parent


def test_kitti_object(kitti_object):
    samples, source = samples_of(kitti_object)
    assert source.inputs['layout'] == 'kitti-object-lidar'
    (sample,) = samples
    # 4 m ahead of the camera, 1 m to its left and up; P2's 5 / 10 shifts it 0.5 m to the right.
    np.testing.assert_allclose(sample.reference.depth, [4])
    np.testing.assert_allclose(sample.reference.columns, [8 + 10 * (-1 + 0.5) / 4])
    np.testing.assert_allclose(sample.reference.rows, [6 - 11 / 4])
    assert sample.intrinsics == Camera(16, 12, 10, 11, 8, 6)


@pytest.mark.parametrize(
    ('file', 'content', 'expected'),
    [
        ('velodyne/000007.bin', b'123', 'truncated'),
        ('calib/000007.txt', b'P2: 1 2', 'no calibration'),
        ('image_2/000007.png', b'', 'empty'),
    ],
)
def test_kitti_object_damaged(kitti_object, file, content, expected):
    (kitti_object / 'training' / file).write_bytes(content)
    assert expected in refusal(kitti_object)


@pytest.mark.parametrize('names', [('rgb', 'depth'), ('image', 'groundtruth_depth')])
def test_kitti_depth(tmp_path, names):
    picture, truth = '5', '5'
    if names[0] == 'image':
        picture, truth = 'd_sync_image_5_image_02', 'd_sync_groundtruth_depth_5_image_02'
        (tmp_path / 'intrinsics').mkdir()
        (tmp_path / 'intrinsics' / f'{picture}.txt').write_text('10 0 8 0 11 6 0 0 1')
    write_picture(tmp_path / names[0] / f'{picture}.png')
    pixels = np.zeros((HEIGHT, WIDTH), np.uint16)
    pixels[3, 4] = 1280
    (tmp_path / names[1]).mkdir()
    cv2.imwrite(str(tmp_path / names[1] / f'{truth}.png'), pixels)
    (sample,) = samples_of(tmp_path)[0]
    columns, rows, values, size = sample.reference
    assert (columns.tolist(), rows.tolist(), values.tolist(), size) == ([4], [3], [5], (12, 16))
    assert (sample.intrinsics is not None) == (names[0] == 'image')


def test_kitti_depth_of_eight_bits(tmp_path):
    write_picture(tmp_path / 'rgb' / '5.png')
    write_picture(tmp_path / 'depth' / '5.png')
    assert 'no 16-bit grey PNG' in refusal(tmp_path)


@pytest.fixture
def nuscenes_night(tmp_path):
    names = ['n015-b__CAM_FRONT__2000', 'n015-a__CAM_FRONT__1000']
    (tmp_path / 'splits').mkdir()
    lines = ['# names', *(f'{name} more' for name in names)]
    (tmp_path / 'splits' / 'night_test_split.txt').write_text('\n'.join(lines))
    for index, name in enumerate(sorted(names)):
        write_picture(tmp_path / 'test_night' / 'color' / f'{name}.jpg')
        write_array(tmp_path / 'test_night' / 'gt' / f'{name}.npy', depth(index + 1, scale=2))
    return tmp_path


def test_nuscenes_night(nuscenes_night):
    samples, source = samples_of(nuscenes_night)
    assert source.inputs['layout'] == 'nuscenes-night'
    assert [(s.drive, s.camera, s.stamp_ns) for s in samples] == [
        ('n015-a', 'CAM_FRONT', 1_000_000),
        ('n015-b', 'CAM_FRONT', 2_000_000),
    ]
    # Depth of twice the size keeps its own pixels, where published numbers are read.
    np.testing.assert_array_equal(samples[0].reference.columns[:3], [0, 1, 2])
    height, width = samples[0].image.shape[:2]
    assert samples[0].reference.size == (2 * height, 2 * width)
    assert samples[1].reference.depth[0] == 2
    assert samples[0].intrinsics is None


def test_split_without_names(nuscenes_night):
    (nuscenes_night / 'splits' / 'night_test_split.txt').write_text('# none\n')
    assert 'names no sample' in refusal(nuscenes_night)


@pytest.mark.parametrize('suffix', ['', '_depth'])
def test_robotcar_night(tmp_path, suffix):
    root = tmp_path / '2014-12-16-18-44-24'
    for stamp in (1418756721422, 1418756721484):
        write_picture(root / 'rgb' / f'{stamp}.png')
        write_array(root / 'depth' / f'{stamp}{suffix}.npy', depth())
    (root / 'test_split.txt').write_text('# stamp\n1418756721422 1\n-----\n1418756721484 1\n')
    intrinsic = np.eye(4)
    intrinsic[:3, :3] = MATRIX
    np.save(root / 'intrinsic.npy', intrinsic)
    samples, source = samples_of(tmp_path)
    assert source.inputs['layout'] == 'robotcar-night'
    assert [sample.stamp_ns for sample in samples] == [1418756721422000, 1418756721484000]
    assert samples[0].intrinsics == Camera(16, 12, 10, 11, 8, 6)


def test_a_name_whose_number_is_no_time_has_none(nuscenes_night):
    name = f'n015-a__CAM_FRONT__{"9" * 30}'
    for folder, suffix in (('color', 'jpg'), ('gt', 'npy')):
        there = nuscenes_night / 'test_night' / folder
        (there / f'n015-a__CAM_FRONT__1000.{suffix}').rename(there / f'{name}.{suffix}')
    (nuscenes_night / 'splits' / 'night_test_split.txt').write_text(name)
    assert [sample.stamp_ns for sample in samples_of(nuscenes_night)[0]] == [0]


@pytest.fixture
def nuscenes(tmp_path):
    """Make one keyframe: the LiDAR turns 0.1 s after the picture, at 10 m/s."""

    def row(token, **fields):
        return {'token': token, **fields}

    upright, optical = [1.0, 0, 0, 0], [0.5, -0.5, 0.5, -0.5]
    tables = {
        'sensor': [row('s1', channel='CAM_FRONT'), row('s2', channel='LIDAR_TOP')],
        'calibrated_sensor': [
            row('c1', sensor_token='s1', translation=[1.0, 0, 1.5], rotation=optical,
                camera_intrinsic=MATRIX.tolist()),
            row('c2', sensor_token='s2', translation=[0, 0, 2.0], rotation=upright,
                camera_intrinsic=[]),
        ],
        'scene': [row('sc', name='scene-0001')],
        'sample': [row('sa', scene_token='sc', timestamp=1)],
        'ego_pose': [
            row('e1', translation=[100.0, 50, 0], rotation=upright),
            row('e2', translation=[101.0, 50, 0], rotation=upright),
        ],
        'sample_data': [
            row('d1', sample_token='sa', ego_pose_token='e1', calibrated_sensor_token='c1',
                timestamp=1_000_000, is_key_frame=True, filename='samples/CAM_FRONT/a.jpg'),
            row('d2', sample_token='sa', ego_pose_token='e2', calibrated_sensor_token='c2',
                timestamp=1_100_000, is_key_frame=True, filename='samples/LIDAR_TOP/a.bin'),
        ],
    }  # fmt: skip
    (tmp_path / 'v1.0-mini').mkdir()
    for name, rows in tables.items():
        (tmp_path / 'v1.0-mini' / f'{name}.json').write_text(json.dumps(rows))
    write_picture(tmp_path / 'samples' / 'CAM_FRONT' / 'a.jpg')
    (tmp_path / 'samples' / 'LIDAR_TOP').mkdir()
    np.array([[10, 0, 0.5, 9, 3]], '<f4').tofile(tmp_path / 'samples' / 'LIDAR_TOP' / 'a.bin')
    return tmp_path


def test_nuscenes_moves_the_points_with_the_vehicle(nuscenes):
    (sample,) = samples_of(nuscenes)[0]
    # 10 m before the LiDAR, which is 1 m behind the camera but 1 m farther on.
    np.testing.assert_allclose(sample.reference.depth, [10])
    np.testing.assert_allclose(sample.reference.columns, [8], atol=1e-5)
    np.testing.assert_allclose(sample.reference.rows, [6 - 11 * 1.0 / 10], atol=1e-5)
    assert (sample.drive, sample.camera, sample.gap_ns) == ('scene-0001', 'CAM_FRONT', 100_000_000)
    assert sample.mounting == pytest.approx((1.5, 0, 0))
    np.testing.assert_allclose(sample.world_from_camera[:3, 3], (101, 50, 1.5))


def test_nuscenes_camera_that_is_not_there(nuscenes):
    assert 'it has CAM_FRONT' in refusal(nuscenes, image_topic='CAM_REAR')


@pytest.mark.parametrize(
    ('name', 'change'),
    [
        ('sample_data', {'filename': 5}),
        ('sample_data', {'timestamp': None}),
        ('ego_pose', {'translation': [None, 0, 0]}),
        ('ego_pose', {'rotation': [10**400, 0, 0, 0]}),
        ('calibrated_sensor', {'rotation': [None] * 4}),
        ('calibrated_sensor', {'camera_intrinsic': {}}),
    ],
)
def test_nuscenes_with_values_of_another_type(nuscenes, name, change):
    path = nuscenes / 'v1.0-mini' / f'{name}.json'
    first, *others = json.loads(path.read_text())
    path.write_text(json.dumps([{**first, **change}, *others]))
    assert 'a table lacks or misstates' in refusal(nuscenes)


def test_nuscenes_without_a_file_name(nuscenes):
    path = nuscenes / 'v1.0-mini' / 'sample_data.json'
    rows = json.loads(path.read_text())
    path.write_text(json.dumps([{k: v for k, v in rows[0].items() if k != 'filename'}, rows[1]]))
    assert "keyframe sa: None: a table lacks or misstates 'filename'" in refusal(nuscenes)


def test_nuscenes_whose_stamps_cannot_be_put_in_order(nuscenes):
    path = nuscenes / 'v1.0-mini' / 'sample_data.json'
    rows = json.loads(path.read_text())
    path.write_text(json.dumps([*rows, {**rows[0], 'timestamp': 'late'}]))
    assert 'copy it again' in refusal(nuscenes)


@pytest.mark.parametrize('content', ['{', '[{"token": 1}]'])
def test_nuscenes_with_a_damaged_table(nuscenes, content):
    (nuscenes / 'v1.0-mini' / 'sensor.json').write_text(content)
    assert 'copy' in refusal(nuscenes)


def test_folder_of_no_known_layout(tmp_path):
    message = refusal(tmp_path)
    assert 'none of the known layouts' in message
    assert 'kitti-depth' in message
    assert 'has no layout simulated' in refusal(tmp_path, 'simulated')
    (tmp_path / 'x.mcap').write_bytes(b'1')
    assert 'x.mcap itself' in refusal(tmp_path)
    (tmp_path / 'notes.txt').write_text('x')
    assert 'neither a folder nor a bag' in refusal(tmp_path / 'notes.txt')
    with pytest.raises(SettingsError, match='known are simulated'):
        samples_of(tmp_path, 'cityscapes')


@pytest.mark.parametrize(
    ('name', 'layout', 'count', 'points'),
    [
        ('kitti_object_3f_lidar', 'kitti-object-lidar', 3, 15_000),
        ('kitti_depth_gt_3f', 'kitti-depth', 3, 80_000),
        ('nuscenes_day_1sample', 'nuscenes-lidar', 6, 2_800),
    ],
)
def test_real_frames(shared_data, name, layout, count, points):
    samples, source = samples_of(shared_data / name)
    assert source.inputs['layout'] == layout
    assert len(samples) == count
    assert not source.dropped
    for sample in samples:
        assert len(sample.reference.depth) > points
        assert 2 < np.median(sample.reference.depth) < 40


def test_real_lidar_agrees_with_the_ground_where_the_camera_stands(shared_data):
    samples = samples_of(shared_data / 'nuscenes_day_1sample', image_topic='CAM_FRONT')[0]
    camera, reference = samples[0].intrinsics, samples[0].reference
    near = (reference.rows > 700) & (np.abs(reference.columns - camera.cx) < 300)
    below = (reference.rows - camera.cy) / camera.fy * reference.depth
    # The road before the car is as far below the camera as its calibration says.
    assert np.median(below[near]) == pytest.approx(samples[0].mounting.height, abs=0.15)


def test_filter_removes_little_of_real_frames(shared_data):
    unfiltered = samples_of(shared_data / 'kitti_object_3f_lidar', is_occlusion_filtered=False)[0]
    for sample in unfiltered:
        share = hidden(*sample.reference[:3], sample.intrinsics).mean()
        assert 0.002 < share < 0.06
