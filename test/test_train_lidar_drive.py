"""
LiDAR points in the stored pixels that they hit.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
from make_bags import stamp_ns
from make_drives import CAMERA, drive, HEIGHT, moving, WIDTH
from make_recordings import (
    BASE,
    BASE_FROM_CAMERA,
    BASE_FROM_LIDAR,
    camera_file,
    clouds,
    depths,
    odometry,
    POINTS,
    write,
)
import numpy as np
import pytest

from steps_ros.data import messages
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.drives import DriveFrame, Places
from steps_ros.data.frames import Frame
from steps_ros.data.messages import Transform
from steps_ros.data.preparation import Preparation
from steps_ros.data.rectification import rectified_camera
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SourceError
from steps_ros.train.decoding import Decoding
from steps_ros.train.lidar_drive import build_lidar_store, LidarDrive
from steps_ros.train.trainer import ALONE

SIZE = StoreSettings(height=HEIGHT, width=WIDTH, depth=True)


def mounted():
    links = [
        Transform(BASE, 'camera', BASE_FROM_CAMERA),
        Transform(BASE, 'lidar', BASE_FROM_LIDAR),
    ]
    return [('/tf_static', messages.transforms_message(links, stamp_ns(0)), stamp_ns(0))]


def stored(places, settings, camera=CAMERA):
    """Return the stored depth of places in a picture."""
    frame = Frame(0, moving(0), camera, '000000')
    columns, rows, depth = (np.array(column, np.float32) for column in zip(*places, strict=True))
    item = DriveFrame(frame, depth=Places(columns, rows, depth))
    return Preparation(NoCrop, settings, None).prepared(item).depth


class NoCrop:
    name, crop = 'night', None


def test_a_wall_of_points(tmp_path):
    path = write(tmp_path / 'night.mcap', mounted(), drive(5), odometry(), clouds(5))
    store = build_lidar_store(path, SIZE, cache=tmp_path / 'cache')
    assert (store.index.kind, store.index.has_depth) == ('lidar', True)
    depth = store.depth(1).astype(np.float32)
    known = np.isfinite(depth)
    assert 20 < known.sum() <= 81
    # A wall 30 m before the first LiDAR, a camera 1 m ahead of it, 1 m driven in a frame.
    np.testing.assert_allclose(depth[known], 28.0, atol=0.05)


@pytest.mark.parametrize('recorded', [None, replace(CAMERA, fx=2 * CAMERA.fx)])
def test_given_intrinsics_decide_where_points_lie(tmp_path, recorded):
    around = (mounted(), odometry(), clouds(5))
    true = write(tmp_path / 'true.mcap', *around, drive(5))
    other = write(tmp_path / 'other.mcap', *around, drive(5, camera=recorded))
    options = DriveOptions(intrinsics=camera_file(tmp_path / 'camera.yaml', CAMERA))
    expected = build_lidar_store(true, SIZE, cache=tmp_path / 'cache')
    store = build_lidar_store(other, SIZE, options, cache=tmp_path / 'cache')
    for row in range(5):
        np.testing.assert_array_equal(store.depth(row), expected.depth(row))


def test_no_points(tmp_path):
    path = write(tmp_path / 'night.mcap', mounted(), drive(5))
    with pytest.raises(SourceError, match='no reference, neither a depth image nor a point cloud'):
        build_lidar_store(path, SIZE, cache=tmp_path / 'cache')


@pytest.mark.parametrize(('topic', 'kind'), [('/net/depth', 'bag'), (POINTS, 'lidar')])
def test_the_depth_is_that_of_the_topic_that_is_named(tmp_path, monkeypatch, topic, kind):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    both = [*depths(5, frame='camera'), *depths(5, frame='camera', topic='/net/depth', value=3.0)]
    path = write(tmp_path / 'night.mcap', mounted(), drive(5), odometry(), clouds(5), both)
    options, told = DriveOptions(depth_topic=topic), []
    decoding = Decoding(SIZE, options, told.append, lambda name: lambda done, total: None, ALONE)
    (store,) = decoding.own_dataset([str(path)]).stores
    assert store.index.kind == kind
    known = store.depth(1).astype(np.float32)
    np.testing.assert_allclose(known[np.isfinite(known)], {'bag': 3, 'lidar': 28}[kind], atol=0.05)


def test_a_damaged_drive_says_how_much_is_used(tmp_path):
    path = write(tmp_path / 'night.mcap', mounted(), drive(5), odometry(), clouds(5))
    with LidarDrive(path, DriveOptions(), None) as opened:
        assert len(list(opened)) == 5
        assert opened.damage == ''
        opened._samples.inputs['damage'] = 'it is torn'
        assert len(list(opened)) == 5
        assert opened.damage == 'it is torn; 5 pictures with a sweep over 0.4 s are used'


def test_each_measurement_goes_into_its_pixel_and_the_nearest_stays():
    places = [(10, 20, 7.0), (10.4, 19.6, 5.0), (63.4, 47.4, 9.0), (-0.4, -0.4, 3.0)]
    depth = stored(places, SIZE)
    assert (depth[20, 10], depth[47, 63], depth[0, 0]) == (5, 9, 3)
    assert np.isfinite(depth).sum() == 3
    half = stored(places, StoreSettings(height=24, width=32, depth=True))
    assert (half[10, 5], half[23, 31], half[0, 0]) == (5, 9, 3)


def test_what_is_cut_off_is_not_among_them():
    settings = replace(SIZE, bonnet=0.5)
    depth = stored([(10, 20, 7.0), (10, 30, 5.0)], settings)
    assert depth[41, 10] == 7
    assert np.isfinite(depth).sum() == 1


@pytest.mark.parametrize(
    ('model', 'distortion'),
    [('plumb_bob', (-0.2, 0.05, 0.0, 0.0, 0.0)), ('equidistant', (0.05, 0.01, 0.0, 0.0))],
)
def test_places_move_with_the_rectified_picture(model, distortion):
    bent = replace(CAMERA, distortion_model=model, distortion=distortion)
    ray = np.array([[[-0.4, 0.3, 1.0]]])
    module = cv2.fisheye if model == 'equidistant' else cv2
    zero, matrix = np.zeros(3), np.array(bent.matrix)
    pixel, _ = module.projectPoints(ray, zero, zero, matrix, np.array(distortion))
    depth = stored([(*pixel.ravel(), 6.0)], SIZE, bent)
    seen = rectified_camera(bent)
    row, column = round(seen.cy + 0.3 * seen.fy), round(seen.cx - 0.4 * seen.fx)
    assert np.argwhere(depth == 6).tolist() == [[row, column]]
