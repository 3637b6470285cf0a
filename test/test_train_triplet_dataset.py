"""
Stores as batches: what is read, mirrored and left out; nothing that decodes recordings is needed.
"""

from __future__ import annotations

import subprocess
import sys

from make_drives import depths, drive, HEIGHT, moving, WIDTH, write_drive
from make_recordings import odometry, write
import numpy as np
import pytest
import torch

from steps_ros.data.store import open_store, parse_part, Window
from steps_ros.data.store_building import build_store
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SourceError
from steps_ros.train.triplet_dataset import TripletDataset

SIZE = StoreSettings(height=HEIGHT, width=WIDTH)


@pytest.fixture(scope='module')
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp('drive')
    return build_store(write_drive(folder / 'night.mcap', 8), SIZE, cache=folder / 'cache')


def channels_first(image):
    return torch.from_numpy(image.copy()).permute(2, 0, 1)


def test_previous_target_next(store):
    dataset = TripletDataset(store)
    batch = dataset.batch(np.array([0, 5]))
    assert len(dataset) == 6
    assert batch.frames.shape == (2, 3, 3, HEIGHT, WIDTH)
    assert (batch.frames.dtype, batch.depth) == (torch.uint8, None)
    assert batch.frames.is_contiguous()
    for position in range(3):
        assert torch.equal(batch.frames[1, position], channels_first(moving(5 + position)))
    np.testing.assert_allclose(batch.intrinsics[0], [[40, 0, 32], [0, 42, 24], [0, 0, 1]])
    assert dataset.stamp_ns(5) - dataset.stamp_ns(0) == 500_000_000


def test_how_far_the_vehicle_went(tmp_path):
    paths = [
        write(tmp_path / 'told.mcap', drive(5), odometry(50)),
        write_drive(tmp_path / 'untold.mcap', 4),
    ]
    dataset = TripletDataset([build_store(path, SIZE, cache=tmp_path) for path in paths])
    ways = dataset.batch(np.arange(5)[::-1], np.ones(5, bool)).ways
    assert (ways.dtype, ways.shape) == (torch.float32, (5, 2))
    assert ways[:2].isnan().all()
    torch.testing.assert_close(ways[2:], torch.ones(3, 2), atol=1e-5, rtol=0)


def test_mirrored_frames_with_their_camera(store):
    dataset = TripletDataset(store)
    batch = dataset.batch(np.array([1, 1]), np.array([True, False]))
    assert torch.equal(batch.frames[0], batch.frames[1].flip(-1))
    camera = np.array([[40, 0, WIDTH - 32.0], [0, 42, 24], [0, 0, 1]])
    np.testing.assert_allclose(batch.intrinsics[0], camera)


def test_parts_do_not_share_frames(store):
    train = TripletDataset([(store, Window(0, 50, is_share=True))])
    validate = TripletDataset([(store, Window(50, 100, is_share=True))])
    assert (len(train), len(validate)) == (2, 2)
    assert torch.equal(train.batch(np.array([0])).frames[0, 0], channels_first(moving(0)))
    assert torch.equal(validate.batch(np.array([0])).frames[0, 0], channels_first(moving(4)))
    by_time = TripletDataset([(store, Window(0.2, 0.65, is_share=False))])
    assert len(by_time) == 3
    with pytest.raises(SourceError, match=r'no three frames from 9 to 10 s; it is 0\.7 s long'):
        TripletDataset([(store, Window(9, 10, is_share=False))])


def test_several_drives_one_after_the_other(store, tmp_path):
    other = build_store(write_drive(tmp_path / 'more.mcap', 5), SIZE, cache=tmp_path / 'cache')
    dataset = TripletDataset([store, other])
    assert len(dataset) == 6 + 3
    batch = dataset.batch(np.array([6]))
    assert torch.equal(batch.frames[0, 2], channels_first(moving(2)))
    small = StoreSettings(height=24, width=32)
    third = build_store(tmp_path / 'more.mcap', small, cache=tmp_path / 'cache')
    with pytest.raises(SourceError, match='build all with one size'):
        TripletDataset([store, third])
    with pytest.raises(SourceError, match='no drive'):
        TripletDataset([])


def test_depth_is_read_and_mirrored(store, tmp_path):
    path = write(tmp_path / 'night.mcap', drive(5), depths(5))
    settings = StoreSettings(height=HEIGHT, width=WIDTH, depth=True)
    measured = build_store(path, settings, cache=tmp_path / 'cache')
    dataset = TripletDataset([measured, store])
    batch = dataset.batch(np.array([0, 0, 3]), np.array([False, True, False]))
    assert batch.depth.shape == (3, 1, HEIGHT, WIDTH)
    assert torch.equal(batch.depth[0], batch.depth[1].flip(-1))
    # Depth of the second picture: one metre more with each column, sky above.
    np.testing.assert_array_equal(batch.depth[0, 0, 9], np.arange(WIDTH) + 2.0)
    assert torch.isinf(batch.depth[0, 0, 0]).all()
    assert torch.isnan(batch.depth[2]).all()


@pytest.mark.parametrize(
    ('text', 'path', 'window'),
    [
        ('night.mcap', 'night.mcap', None),
        ('night.mcap@10-60', 'night.mcap', (10, 60, False)),
        ('night.mcap@10.5-', 'night.mcap', (10.5, float('inf'), False)),
        ('a@b/night@0-80%', 'a@b/night', (0, 80, True)),
        ('night@home', 'night@home', None),
    ],
)
def test_parts_of_drives_are_written_behind_their_path(text, path, window):
    part = parse_part(text)
    assert (str(part.path), part.window) == (path, window)


def test_an_empty_part_is_refused():
    with pytest.raises(SourceError, match='empty; write START-END'):
        parse_part('night.mcap@60-10')


@pytest.mark.parametrize('damage', ['frames_00000.npy', 'index.json'])
def test_a_damaged_store_says_what_to_do(tmp_path, damage):
    path = write_drive(tmp_path / 'night.mcap')
    folder = build_store(path, SIZE, cache=tmp_path / 'cache').folder
    (folder / damage).write_bytes(b'nonsense')
    with pytest.raises(SourceError, match=r'delete .* it will be made again'):
        open_store(folder)


ALONE = """
import sys
from pathlib import Path
import cv2, numpy, torch
theirs = set(sys.modules)
from steps_ros.data.store import open_store
from steps_ros.train import loops, trainer
from steps_ros.train.orders import Drawing
from steps_ros.train.prefetch import Prefetch
from steps_ros.train.triplet_dataset import TripletDataset
dataset = TripletDataset(open_store(Path(sys.argv[1])))
with Prefetch(dataset, dataset, Drawing(len(dataset), 2, day_count=len(dataset))) as batches:
    print(next(iter(batches)).night.frames.shape)
known = {'cv2', 'numpy', 'torch', 'steps_ros', *sys.stdlib_module_names}
loaded = {name: sys.modules[name] for name in set(sys.modules) - theirs}
files = {name.partition('.')[0] for name, module in loaded.items() if hasattr(module, '__file__')}
print(files - known)
"""


def test_training_on_a_store_imports_torch_numpy_and_opencv_alone(store):
    command = [sys.executable, '-c', ALONE, str(store.folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == [f'torch.Size([2, 3, 3, {HEIGHT}, {WIDTH}])', 'set()']
