"""Simulated drives: the same bytes for the same seed, twins, motion, odd sizes, outputs."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml

from steps_ros.errors import OutputError, SettingsError
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.dataset import write_folder
from steps_ros.sim.lidar import LidarSettings
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.shards import ShardSettings, write_shards
from steps_ros.sim.world import make_world

SMALL = ClipSettings(seed=5, frames=3, height=33, width=47)


@pytest.fixture(scope='module')
def clip():
    return list(simulate_clip(SMALL, lidar=LidarSettings(columns=32)))


def test_the_same_seed_gives_the_same_bytes(clip):
    for first, second in zip(clip, simulate_clip(SMALL), strict=True):
        assert first.image.tobytes() == second.image.tobytes()
        assert first.depth.tobytes() == second.depth.tobytes()


def test_another_seed_gives_another_street(clip):
    other = next(simulate_clip(replace(SMALL, seed=6)))
    assert not np.array_equal(other.depth, clip[0].depth)


def test_a_part_of_a_drive_is_the_same_as_in_the_whole(clip):
    (last,) = simulate_clip(SMALL, 2, 3)
    np.testing.assert_array_equal(last.image, clip[2].image)
    assert last.stamp_ns == clip[2].stamp_ns == 200_000_000


def test_frames_have_the_documented_form(clip):
    frame = clip[0]
    assert (frame.image.shape, frame.image.dtype) == ((33, 47, 3), np.uint8)
    assert (frame.depth.shape, frame.depth.dtype) == ((33, 47), np.float32)
    assert np.isposinf(frame.depth[~np.isfinite(frame.depth)]).all()
    assert frame.depth.min() > 0.3
    assert (frame.camera.width, frame.camera.height) == (47, 33)
    assert frame.camera.fx == frame.camera.fy


def test_the_camera_drives_forward_at_the_ego_vehicle_s_speed(clip):
    step = clip[1].world_from_camera[:3, 3] - clip[0].world_from_camera[:3, 3]
    speed = make_world(SMALL).street.traffic.ego_speed
    assert np.linalg.norm(step) == pytest.approx(speed / SMALL.rate_hz, rel=0.05)
    assert step @ clip[0].world_from_camera[:3, 2] > 0


def test_day_and_night_are_twins_of_one_street(clip):
    day = list(simulate_clip(replace(SMALL, time='day')))
    for light, dark in zip(day, clip, strict=True):
        np.testing.assert_array_equal(light.depth, dark.depth)
        assert light.image.mean() > dark.image.mean()


@pytest.mark.parametrize('time', ['night', 'day'])
def test_a_night_is_dark_and_a_day_is_not(time):
    frame = next(simulate_clip(ClipSettings(seed=2, frames=1, height=32, width=64, time=time)))
    assert (frame.image.mean() < 65) == (time == 'night')


@pytest.mark.parametrize(
    'wrong', [{'time': 'dusk'}, {'frames': 0}, {'seed': -1}, {'rate_hz': 0.0}, {'width': 0}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(SettingsError):
        replace(SMALL, **wrong)


def test_a_folder_holds_all_that_was_promised(clip, tmp_path):
    folder = tmp_path / 'drive'
    assert list(write_folder(clip, folder)) == [0, 1, 2]
    assert sorted(path.name for path in folder.iterdir()) == [
        'camera.yaml', 'depth', 'extrinsics.yaml', 'flow', 'images', 'instance', 'lidar',
        'lidar_poses.txt', 'lidar_stamps.txt', 'light', 'poses.txt', 'shards', 'stamps.txt'
    ]  # fmt: skip
    np.testing.assert_array_equal(np.load(folder / 'depth' / '000001.npy'), clip[1].depth)
    np.testing.assert_array_equal(np.load(folder / 'flow' / '000001.npy'), clip[1].flow)
    instance = cv2.imread(str(folder / 'instance' / '000001.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(instance, clip[1].instance)
    light = np.load(folder / 'light' / '000001.npy')
    np.testing.assert_array_equal(light, clip[1].illuminance.astype(np.float16))
    points = np.load(folder / 'lidar' / '000001.npy')
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points[:, 4], clip[1].scan.points['ring'])
    extrinsics = yaml.safe_load((folder / 'extrinsics.yaml').read_text())
    camera_pose = np.array(extrinsics['base_link_from_camera_optical_frame'])
    lidar_pose = np.array(extrinsics['base_link_from_lidar'])
    world_from_lidar = np.loadtxt(folder / 'lidar_poses.txt').reshape(-1, 3, 4)
    body = clip[2].world_from_camera @ np.linalg.inv(camera_pose)
    np.testing.assert_allclose(world_from_lidar[2], (body @ lidar_pose)[:3], atol=1e-5)
    assert extrinsics['camera']['height'] == pytest.approx(clip[0].mounting.height)
    poses = np.loadtxt(folder / 'poses.txt').reshape(-1, 3, 4)
    np.testing.assert_allclose(poses[2], clip[2].world_from_camera[:3], rtol=1e-6, atol=1e-6)
    camera = yaml.safe_load((folder / 'camera.yaml').read_text())
    assert camera['image_width'] == 47
    assert camera['camera_matrix']['data'][0] == pytest.approx(clip[0].camera.fx)
    (shard,) = (folder / 'shards').iterdir()
    with np.load(shard) as arrays:
        np.testing.assert_array_equal(arrays['images'][:, 0], [frame.image for frame in clip])
        assert arrays['depth'].dtype == np.float16


def test_a_full_folder_is_left_alone_unless_told(clip, tmp_path):
    (tmp_path / 'mine.txt').write_text('kept')
    with pytest.raises(OutputError, match='--overwrite'):
        list(write_folder(clip, tmp_path))
    list(write_folder(clip, tmp_path, overwrite=True))
    assert (tmp_path / 'mine.txt').read_text() == 'kept'


def test_a_broken_off_drive_leaves_nothing(clip, tmp_path):
    def broken():
        yield clip[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(write_folder(broken(), tmp_path / 'drive'))
    assert not (tmp_path / 'drive').exists()


def test_shards_are_the_same_bytes_and_are_not_drawn_twice(tmp_path):
    settings = ShardSettings(replace(SMALL, frames=2), scenes=1, exposures=2)
    (path,) = write_shards(settings, tmp_path / 'a')
    (again,) = write_shards(settings, tmp_path / 'b')
    assert path.read_bytes() == again.read_bytes()
    changed = path.stat().st_mtime_ns
    assert list(write_shards(settings, tmp_path / 'a')) == [path]
    assert path.stat().st_mtime_ns == changed
    with np.load(path) as arrays:
        assert arrays['images'].shape == (2, 2, 33, 47, 3)
        assert not np.array_equal(arrays['images'][0, 0], arrays['images'][0, 1])
