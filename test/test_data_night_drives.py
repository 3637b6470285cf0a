"""
Training halves of nuScenes-Night and RobotCar-Night, and folders that were simulated.
"""

from __future__ import annotations

import cv2
from make_drives import moving
import numpy as np
import pytest

from steps_ros.data.drive_kinds import open_drive
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.store_building import build_store
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SourceError

K = np.array([[40.0, 0, 32, 0], [0, 42, 24, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
SIZE = StoreSettings(height=48, width=64)


def write_picture(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture[..., ::-1])


def write_nuscenes(root, scenes=('scene-0002', 'scene-0001'), count=5, times=('night',)):
    for scene in scenes:
        folder = root / 'sequences' / scene
        names = [
            f'n015__CAM_FRONT__{1_538_000_000_000_000 + 83_333 * i}.jpg' for i in range(count)
        ]
        for index, name in enumerate(names):
            write_picture(folder / name, moving(index))
        (folder / 'file_list.txt').write_text('\n'.join(reversed(names)) + '\n')
        np.save(folder / 'intrinsic.npy', K)
    (root / 'splits').mkdir(exist_ok=True)
    for time in times:
        lines = ['# scenes', *(f'{scene} token' for scene in scenes)]
        (root / 'splits' / f'{time}_train_split.txt').write_text('\n'.join(lines))
    return root


def write_robotcar(root, chunks=(4, 2, 5), size=(48, 64)):
    lines, stamp, index = ['# timestamp chunk'], 1_418_756_000_000_000, 0
    for number, count in enumerate(chunks):
        for _ in range(count):
            lines.append(f'{stamp} {number + 1}')
            write_picture(root / 'rgb' / f'{stamp}.png', moving(index, *size))
            stamp, index = stamp + 62_490, index + 1
        lines.append('-----')
    (root / 'train_split.txt').write_text('\n'.join(lines[:-1]) + '\n')
    matrix = np.diag([size[1] / 64, size[0] / 48, 1, 1]) @ K
    np.save(root / 'intrinsic.npy', matrix)
    return root


def test_nuscenes_scenes_are_not_joined(tmp_path):
    root = write_nuscenes(tmp_path / 'nuscenes')
    store = build_store(root, SIZE, cache=tmp_path / 'cache')
    assert (store.index.kind, store.index.frame_count) == ('nuscenes-night', 10)
    assert store.triplets[:, 1].tolist() == [1, 2, 3, 6, 7, 8]
    assert store.index.period_ns == 83_333_000
    np.testing.assert_allclose(store.intrinsics[0], K[:3, :3])
    # The names of the list are sorted.
    assert np.abs(store.frame(4).astype(int) - moving(4)).mean() < 6


def test_nuscenes_day_or_night_is_chosen_by_the_split_file(tmp_path):
    root = write_nuscenes(tmp_path / 'nuscenes', times=('night', 'day'))
    with pytest.raises(SourceError, match=r'several drives: give one of .*day_train_split\.txt'):
        open_drive(root, DriveOptions())
    with open_drive(root / 'splits' / 'day_train_split.txt', DriveOptions()) as drive:
        assert drive.frame_count == 10


@pytest.mark.parametrize('missing', ['file_list.txt', 'intrinsic.npy'])
def test_nuscenes_with_a_file_missing(tmp_path, missing):
    root = write_nuscenes(tmp_path / 'nuscenes')
    (root / 'sequences' / 'scene-0001' / missing).unlink()
    with pytest.raises(SourceError, match=rf'scene-0001/{missing} cannot be read'):
        open_drive(root, DriveOptions())


def test_robotcar_chunks_are_not_joined(tmp_path):
    root = write_robotcar(tmp_path / '2014-12-16-18-44-24')
    store = build_store(root, SIZE, cache=tmp_path / 'cache')
    assert (store.index.kind, store.index.frame_count) == ('robotcar-night', 11)
    assert store.triplets[:, 1].tolist() == [1, 2, 7, 8, 9]
    assert store.index.period_ns == 62_490_000


def test_robotcar_is_cut_in_the_middle_as_published(tmp_path):
    root = write_robotcar(tmp_path / '2014-12-09-13-21-02', chunks=(3,), size=(960, 1280))
    (root / 'intrinsic.npy').rename(root / 'moved.npy')
    night = tmp_path / '2014-12-16-18-44-24'
    night.mkdir()
    (root / 'moved.npy').rename(night / 'intrinsic.npy')
    settings = StoreSettings(height=320, width=576, least_change=0.0)
    store = build_store(root, settings, cache=tmp_path / 'cache')
    # 1152x640 of the middle, halved; cx 640 - 64 and cy 480 - 160 are halved too.
    np.testing.assert_allclose(store.intrinsics[0], [[400, 0, 288], [0, 420, 160], [0, 0, 1]])
    middle = moving(1, 960, 1280)[160:800, 64:1216]
    expected = cv2.resize(middle, (576, 320), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(store.frame(1), expected)


def test_robotcar_list_with_nonsense(tmp_path):
    root = write_robotcar(tmp_path / 'drive')
    (root / 'train_split.txt').write_text('# list\nmonday 1\n')
    with pytest.raises(SourceError, match='monday is no time in microseconds'):
        open_drive(root, DriveOptions())


@pytest.mark.parametrize('stamp', ['9223372036854776', '9' * 200])
def test_stamps_beyond_64_bits_are_refused(tmp_path, stamp):
    root = write_robotcar(tmp_path / 'drive')
    (root / 'train_split.txt').write_text(f'{stamp} 1\n')
    with pytest.raises(SourceError, match=r'train_split\.txt: 9\d+ is beyond 64 bits'):
        open_drive(root, DriveOptions())
    root = write_nuscenes(tmp_path / 'nuscenes', scenes=('scene-0001',))
    names = root / 'sequences' / 'scene-0001' / 'file_list.txt'
    names.write_text(f'n015__CAM_FRONT__{stamp}.jpg\n')
    with pytest.raises(SourceError, match=r'file_list\.txt: 9\d+ is beyond 64 bits'):
        open_drive(root, DriveOptions())
    root = write_simulated(tmp_path / 'simulated', count=1)
    (root / 'stamps.txt').write_text(f'{stamp}000')
    with pytest.raises(SourceError, match=r'holds no stamps in nanoseconds: 9\d+ is beyond 64'):
        open_drive(root, DriveOptions())


def write_simulated(root, count=6, step_m=1.0):
    lines = []
    for index in range(count):
        write_picture(root / 'images' / f'{index:06d}.png', moving(index))
        depth = np.full((48, 64), 2.0 + index, np.float32)
        (root / 'depth').mkdir(exist_ok=True)
        np.save(root / 'depth' / f'{index:06d}.npy', depth)
        lines.append(f'1 0 0 0 0 1 0 0 0 0 1 {index * step_m}')
    (root / 'poses.txt').write_text('\n'.join(lines))
    (root / 'stamps.txt').write_text('\n'.join(str(10**8 * index) for index in range(count)))
    (root / 'camera.yaml').write_text('width: 64\nheight: 48\nfx: 40\nfy: 42\ncx: 32\ncy: 24\n')
    return root


def test_simulated_folder_with_its_stamps_and_depth(tmp_path):
    root = write_simulated(tmp_path / 'drive')
    settings = StoreSettings(height=24, width=32, depth=True)
    store = build_store(root, settings, cache=tmp_path / 'cache')
    assert (store.index.kind, store.index.period_ns) == ('simulated', 100_000_000)
    assert store.index.has_depth
    assert [store.depth(row).mean() for row in range(6)] == [2, 3, 4, 5, 6, 7]
    assert not build_store(root, SIZE, cache=tmp_path / 'cache').index.has_depth


def test_poses_tell_how_far_a_simulated_drive_went(tmp_path):
    root = write_simulated(tmp_path / 'drive', step_m=1.5)
    store = build_store(root, SIZE, cache=tmp_path / 'cache')
    np.testing.assert_allclose(store.ways(store.triplets), np.full((4, 2), 1.5))
    aside = DriveOptions(odometry_topic='none')
    assert not build_store(root, SIZE, aside, tmp_path / 'cache').index.located_count


def test_a_vehicle_that_stands_is_known_by_its_poses(tmp_path):
    root = write_simulated(tmp_path / 'drive', step_m=0.02)
    with pytest.raises(SourceError, match='5 standstill'):
        build_store(root, SIZE, cache=tmp_path / 'cache')


def test_lists_that_do_not_fit(tmp_path):
    root = write_simulated(tmp_path / 'drive')
    (root / 'stamps.txt').write_text('1 2 3')
    with pytest.raises(SourceError, match='3 stamps for 6 images'):
        open_drive(root, DriveOptions())
    poses = (root / 'poses.txt').read_text()
    (root / 'stamps.txt').write_text('1 2 3 4 5 6')
    (root / 'poses.txt').write_text(poses.replace('5.0', 'nan'))
    with pytest.raises(SourceError, match='no poses of 12 numbers: one is not finite'):
        open_drive(root, DriveOptions())
    (root / 'stamps.txt').write_text('now')
    with pytest.raises(SourceError, match='no stamps in nanoseconds'):
        open_drive(root, DriveOptions())


def test_what_is_no_drive(tmp_path):
    with pytest.raises(SourceError, match='does not exist'):
        open_drive(tmp_path / 'missing.mcap', DriveOptions())
    (tmp_path / 'notes.txt').write_text('no drive')
    with pytest.raises(SourceError, match='is no drive; give a folder of images, or one of'):
        open_drive(tmp_path / 'notes.txt', DriveOptions())
    (tmp_path / 'empty').mkdir()
    with pytest.raises(SourceError, match='holds no image'):
        open_drive(tmp_path / 'empty', DriveOptions())
