"""
Stores made of bags, folders and videos; whole or not at all; every drive that cannot be one.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tracemalloc

import cv2
from make_bags import SECOND, write_folder, write_mcap, write_ros1
from make_drives import CAMERA, drive, HEIGHT, items, moving, seconds, WIDTH, write_drive
from make_recordings import odometry, write
import numpy as np
import pytest
from rosbags import rosbag2
import yaml

from steps_ros.core.camera import Camera
from steps_ros.data import store_building
from steps_ros.data.array_file import ArrayFile
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.listed_drive import VideoDrive
from steps_ros.data.store import open_store, summary
from steps_ros.data.store_building import build_store, default_cache
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import OutputError, SourceError

SIZE = StoreSettings(height=HEIGHT, width=WIDTH)
YAML = 'width: 64\nheight: 48\nfx: 40\nfy: 42\ncx: 32\ncy: 24\n'


def build(path, settings=SIZE, **options):
    return build_store(path, settings, DriveOptions(**options), path.parent / 'cache')


def caught(path, settings=SIZE, **options):
    """Return the line that a drive is refused with; nothing may be left of it."""
    with pytest.raises(SourceError) as error:
        build(path, settings, **options)
    assert '\n' not in str(error.value)
    cache = path.parent / 'cache'
    assert not stores(cache)
    return str(error.value)


def stores(cache):
    """Return what lies in a cache, whole or not, but for remembered hashes."""
    return [path for path in cache.glob('*') if path.name != 'digests']


def write_pictures(folder, pictures):
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f'{index:03d}.png'), picture[..., ::-1])


def test_every_frame_is_kept_once_and_bit_for_bit(tmp_path):
    store = build(write_drive(tmp_path / 'night.mcap', 8))
    index = store.index
    assert (index.kind, index.frame_count, index.triplet_count) == ('bag', 8, 6)
    assert (index.seen_count, index.period_ns, index.damage) == (8, 100_000_000, '')
    assert index.dropped == {'first or last of a sequence': 2}
    for row in range(8):
        np.testing.assert_array_equal(store.frame(row), moving(row))
    np.testing.assert_array_equal(store.triplets[[0, 5]], [[0, 1, 2], [5, 6, 7]])
    np.testing.assert_allclose(store.intrinsics[3], [[40, 0, 32], [0, 42, 24], [0, 0, 1]])
    assert np.diff(store.stamps).tolist() == [100_000_000] * 7


@pytest.mark.parametrize('kind', ['sqlite', 'zstd file', 'zstd message', 'mcap folder'])
def test_kinds_of_rosbag2(tmp_path, kind):
    modes = {
        'zstd file': rosbag2.CompressionMode.FILE,
        'zstd message': rosbag2.CompressionMode.MESSAGE,
    }
    plugin = rosbag2.StoragePlugin.MCAP if 'mcap' in kind else rosbag2.StoragePlugin.SQLITE3
    path = write_folder(tmp_path / 'night', drive(4), plugin, modes.get(kind))
    store = build(path)
    assert store.index.triplet_count == 2
    np.testing.assert_array_equal(store.frame(3), moving(3))


def test_rosbag1_with_intrinsics_from_a_file(tmp_path):
    path = write_ros1(tmp_path / 'night.bag')
    assert 'no camera_info' in caught(path)
    intrinsics = tmp_path / 'mine.yaml'
    intrinsics.write_text('width: 32\nheight: 24\nfx: 20\nfy: 21\ncx: 16\ncy: 12\n')
    settings = StoreSettings(height=24, width=32, least_change=0.1)
    store = build(path, settings, intrinsics=intrinsics)
    assert store.index.frame_count == 5
    np.testing.assert_allclose(store.intrinsics[0], [[20, 0, 16], [0, 21, 12], [0, 0, 1]])


def test_compressed_images(tmp_path):
    path = write_mcap(tmp_path / 'night.mcap', drive(5, compressed=True))
    store = build(path)
    assert store.index.frame_count == 5
    assert np.abs(store.frame(2).astype(int) - moving(2)).mean() < 5


def test_folder_and_video_with_a_camera_file(tmp_path):
    write_pictures(tmp_path / 'drive' / 'images', [moving(index) for index in range(5)])
    assert 'camera.yaml' in caught(tmp_path / 'drive')
    (tmp_path / 'drive' / 'camera.yaml').write_text(YAML)
    store = build(tmp_path / 'drive')
    assert (store.index.kind, store.index.triplet_count) == ('folder', 3)
    assert store.index.period_ns == 200_000_000
    video = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (WIDTH, HEIGHT))
    for index in range(6):
        writer.write(moving(index))
    writer.release()
    store = build(video, intrinsics=tmp_path / 'drive' / 'camera.yaml')
    assert (store.index.kind, store.index.triplet_count) == ('video', 4)
    assert store.index.period_ns == 100_000_000
    with VideoDrive(video, DriveOptions()) as opened:
        assert (len(list(opened)), opened.damage) == (6, '')
        opened.frame_count = 20
        assert len(list(opened)) == 6
        assert opened.damage == 'it ends after 6 of 20 frames, 70% are lost'


def test_resized_and_cut_with_the_camera_that_fits(tmp_path):
    path = write_drive(tmp_path / 'night.mcap')
    store = build(path, StoreSettings(height=16, width=32, bonnet=0.25))
    # A quarter of 48 rows is cut off below: 36 rows become 16, 64 columns 32.
    expected = [[20, 0, 16], [0, 42 * 16 / 36, 24 * 16 / 36], [0, 0, 1]]
    np.testing.assert_allclose(store.intrinsics[0], expected, rtol=1e-6)
    shrunk = cv2.resize(moving(2)[:36], (32, 16), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(store.frame(2), shrunk)


def test_a_drive_whose_name_is_no_text(tmp_path):
    path = write_drive(tmp_path / 'night\udcff.mcap')
    # Old enough for its hash to be remembered by its name.
    os.utime(path, (0, 0))
    assert build(path).index.name == build(path).index.name == str(path)


def test_stride_takes_every_second_frame(tmp_path):
    path = write_drive(tmp_path / 'night.mcap', 9)
    store = build(path, StoreSettings(height=HEIGHT, width=WIDTH, stride=2))
    assert (store.index.seen_count, store.index.frame_count) == (9, 5)
    np.testing.assert_array_equal(store.frame(1), moving(2))


def test_standstill_black_and_blinding_frames_are_dropped_and_counted(tmp_path):
    dark, bright = np.zeros_like(moving(0)), np.full_like(moving(0), 255)
    pictures = [moving(0), moving(1), moving(1), moving(1), dark, moving(2), bright, moving(3)]
    store = build(write_mcap(tmp_path / 'night.mcap', items(pictures)))
    edges = {'first or last of a sequence': 2}
    assert store.index.dropped == {'standstill': 2, 'black': 1, 'saturated': 1, **edges}
    assert summary(store.index) == (
        f'{tmp_path}/night.mcap: 4 of 8 frames, none with odometry, 2 triplets (not used: 2 first '
        'or last of a sequence, 2 standstill, 1 black, 1 saturated)'
    )
    assert [store.frame(row)[0, 0, 0] for row in range(4)] == [
        moving(i)[0, 0, 0] for i in range(4)
    ]
    assert store.index.triplet_count == 2


def test_ways_between_frames_from_odometry(tmp_path):
    store = build(write(tmp_path / 'night.mcap', drive(6), odometry(60)))
    assert ': 6 of 6 frames, 6 with odometry, 4 triplets' in summary(store.index)
    np.testing.assert_allclose(store.ways(store.triplets), np.ones((4, 2)), atol=1e-5)


def test_ways_are_unknown_without_odometry_and_where_it_jumps(tmp_path):
    store = build(write_drive(tmp_path / 'night.mcap', 6))
    assert np.isnan(store.ways(store.triplets)).all()
    rows, ahead = store.triplets, np.array([1.0, 0, 0])
    # It starts anew 40 m or 3 m away.
    for places in ([0, 1, 2, 3, 40, 41], [0, 1, 2, 3, 7, 8]):
        store.positions = np.outer(places, ahead)
        assert np.isnan(store.ways(rows)).tolist() == [[False] * 2] * 2 + [[True] * 2] * 2
    # A vehicle that brakes hard, and a nudge of odometry, are none of that.
    store.positions = np.outer([0, 1, 1.9, 2.7, 3.5, 4.2], ahead)
    assert not np.isnan(store.ways(rows)).any()
    # Where one of them is not known, the other still is.
    store.positions[5] = np.nan
    assert np.isnan(store.ways(rows)).tolist() == [[False] * 2] * 3 + [[False, True]]


def test_no_triplet_over_a_gap(tmp_path):
    stamps = seconds(0, 0.1, 0.2, 0.3, 1.3, 1.4, 1.5, 1.8, 1.9)
    store = build(write_drive(tmp_path / 'night.mcap', 9, stamps=stamps))
    assert store.triplets.tolist() == [[0, 1, 2], [1, 2, 3], [4, 5, 6]]
    assert store.index.dropped == {'stamp gap': 4, 'first or last of a sequence': 2}


def test_a_store_is_made_once(tmp_path, monkeypatch):
    path = write_drive(tmp_path / 'night.mcap')
    first = build(path)
    again = tmp_path / 'elsewhere' / 'other.mcap'
    again.parent.mkdir()
    again.write_bytes(path.read_bytes())
    monkeypatch.setattr(store_building, '_Writing', None)
    other = build_store(again, SIZE, cache=tmp_path / 'cache')
    assert other.folder == first.folder
    monkeypatch.undo()
    assert build(path, StoreSettings(height=24, width=32)).folder != first.folder
    write_drive(tmp_path / 'other.mcap', 9)
    assert build(tmp_path / 'other.mcap').folder != first.folder


def test_a_damaged_store_is_made_again(tmp_path):
    path = write_drive(tmp_path / 'night.mcap')
    folder = build(path).folder
    (folder / 'frames_00000.npy').write_bytes(b'nonsense')
    with pytest.raises(SourceError, match='delete'):
        open_store(folder)
    np.testing.assert_array_equal(build(path).frame(0), moving(0))


def test_progress_tells_frames_read_and_all(tmp_path):
    calls = []
    path = write_drive(tmp_path / 'night.mcap', 4)
    build_store(path, SIZE, cache=tmp_path / 'cache', progress=lambda *now: calls.append(now))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_default_cache_follows_the_desktop_convention(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert default_cache() == tmp_path / 'steps_ros'
    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setenv('HOME', str(tmp_path))
    assert default_cache() == tmp_path / '.cache' / 'steps_ros'


def test_missing_topic_lists_image_topics(tmp_path):
    path = write_drive(tmp_path / 'night.mcap')
    line = caught(path, image_topic='/rear/image_raw')
    assert 'no image topic /rear/image_raw; its image topics: /camera/image_raw' in line


def test_missing_camera_info_asks_for_intrinsics(tmp_path):
    path = write_drive(tmp_path / 'night.mcap', camera=None)
    assert 'no camera_info for /camera/image_raw; give --intrinsics FILE' in caught(path)


def test_intrinsics_of_another_size(tmp_path):
    path = write_drive(tmp_path / 'night.mcap')
    other = tmp_path / 'other.yaml'
    other.write_text('width: 640\nheight: 360\nfx: 400\nfy: 400\ncx: 320\ncy: 180\n')
    assert 'intrinsics are of 640x360, the images' in caught(path, intrinsics=other)
    other.write_text('width: 64\nheight: 48\nfx: 40\nfy: 42\ncx: 320\ncy: 24\n')
    assert 'cx 320 cy 24 does not fit pictures of 64x48' in caught(path, intrinsics=other)


def test_camera_info_of_another_shape(tmp_path):
    camera = CAMERA.cropped(0, 0, WIDTH, HEIGHT // 2)
    path = write_drive(tmp_path / 'night.mcap', camera=camera)
    assert '/camera/camera_info of 64x24 does not fit its images; give' in caught(path)


def test_changing_size(tmp_path):
    pictures = [*(moving(index) for index in range(4)), moving(4, 24, 32)]
    path = write_mcap(tmp_path / 'night.mcap', items(pictures))
    assert 'image size changes from 64x48 to 32x24 at 000004' in caught(path)


@pytest.mark.parametrize('count', [1, 2])
def test_fewer_than_three_frames(tmp_path, count):
    path = write_drive(tmp_path / 'night.mcap', count)
    assert f'{count} usable frames of {count} and no three in a row' in caught(path)


def test_only_standstill(tmp_path):
    path = write_mcap(tmp_path / 'night.mcap', items([moving(0)] * 5))
    line = caught(path)
    assert '1 usable frames of 5 and no three in a row (4 standstill)' in line
    assert line.endswith('are needed: take a drive that moves')


def test_a_truncated_bag_gives_what_is_readable_and_says_so(tmp_path):
    path = write_drive(tmp_path / 'night.mcap', 300)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    store = build(path)
    assert 3 <= store.index.frame_count < 200
    used = f'{store.index.frame_count} images over {(store.index.frame_count - 1) / 10:.1f} s'
    assert f'{used} are used, what came after them is lost' in store.index.damage


def test_a_truncated_bag_with_metadata_knows_how_much_is_lost(tmp_path):
    path = write_folder(tmp_path / 'night', drive(400), rosbag2.StoragePlugin.MCAP)
    file = next(path.glob('*.mcap'))
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    store = build(path)
    share = 1 - store.index.frame_count / 400
    assert 0.3 < share < 0.9
    used = f'{store.index.frame_count} of 400 images are used, {share:.0%} are lost'
    assert used in store.index.damage


def test_memory_does_not_grow_with_the_drive(tmp_path):
    peaks = []
    for count in (20, 60):
        pictures = [moving(index, 240, 320) for index in range(count)]
        camera = Camera(320, 240, 200, 200, 160, 120)
        path = write_mcap(tmp_path / f'{count}.mcap', items(pictures, camera))
        del pictures
        tracemalloc.start()
        assert build(path).index.frame_count == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 10 * 240 * 320 * 3


def several_files(path):
    """Write a rosbag2 folder of two files, as a recorder leaves it that splits by size."""
    frames = drive(10)
    parts = frames[:10], frames[10:]
    for index, part in enumerate(parts):
        write_folder(path.with_name(f'{path.name}_{index}'), part, rosbag2.StoragePlugin.MCAP)
    first, second = (path.with_name(f'{path.name}_{index}') for index in range(2))
    descriptions = [
        yaml.safe_load((folder / 'metadata.yaml').read_text()) for folder in (first, second)
    ]
    whole, more = (item['rosbag2_bagfile_information'] for item in descriptions)
    shutil.copytree(first, path)
    (name,) = more['relative_file_paths']
    shutil.copy(second / name, path / name)
    for key in ('relative_file_paths', 'files'):
        whole[key] += more[key]
    whole['message_count'] += more['message_count']
    whole['duration']['nanoseconds'] = SECOND
    for topic, other in zip(
        whole['topics_with_message_count'], more['topics_with_message_count'], strict=True
    ):
        topic['message_count'] += other['message_count']
    (path / 'metadata.yaml').write_text(yaml.safe_dump(descriptions[0]))
    return path


def test_a_bag_of_several_files_is_one_drive(tmp_path):
    path = several_files(tmp_path / 'night')
    assert len(list(path.glob('*.mcap'))) == 2
    store = build(path)
    assert (store.index.frame_count, store.index.triplet_count) == (10, 8)
    np.testing.assert_array_equal(store.frame(9), moving(9))


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    path = write_drive(tmp_path / 'night.mcap')

    def full(self, row):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(ArrayFile, 'append', full)
    with pytest.raises(OutputError, match='No space left on device; make room') as error:
        build(path)
    assert '\n' not in str(error.value)
    assert not stores(tmp_path / 'cache')


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path):
    path, taken = write_drive(tmp_path / 'night.mcap'), tmp_path / 'file'
    taken.touch()
    with pytest.raises(OutputError, match=str(taken)) as error:
        build_store(path, SIZE, cache=taken)
    assert '\n' not in str(error.value)


def test_broken_off_leaves_nothing(tmp_path):
    path = write_drive(tmp_path / 'night.mcap')

    def interrupt(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_store(path, SIZE, cache=tmp_path / 'cache', progress=interrupt)
    assert not stores(tmp_path / 'cache')


BUILDER = """
import sys, time
from pathlib import Path
from steps_ros.data.store_building import build_store
from steps_ros.data.store_settings import StoreSettings
def slow(done, total):
    time.sleep(0.02)
settings = StoreSettings(height=48, width=64)
print(build_store(Path(sys.argv[1]), settings, cache=Path(sys.argv[2]), progress=slow).folder)
"""


def test_two_builders_at_once_agree(tmp_path):
    path = write_drive(tmp_path / 'night.mcap', 30)
    command = [sys.executable, '-c', BUILDER, str(path), str(tmp_path / 'cache')]
    builders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    folders = [builder.communicate(timeout=60)[0].strip() for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0]
    assert folders[0] == folders[1]
    assert [str(folder) for folder in stores(tmp_path / 'cache')] == folders[:1]
    np.testing.assert_array_equal(build(path).frame(29), moving(29))


def test_a_killed_builder_is_not_taken_for_a_whole_one(tmp_path, monkeypatch):
    path = write_drive(tmp_path / 'night.mcap', 30)
    command = [sys.executable, '-c', BUILDER, str(path), str(tmp_path / 'cache')]
    builder = subprocess.Popen(command, stdout=subprocess.PIPE)
    cache = tmp_path / 'cache'
    while not list(cache.glob('.*/frames_00000.npy')):
        assert builder.poll() is None
    builder.kill()
    builder.communicate()
    (left,) = stores(cache)
    monkeypatch.setattr('steps_ros.data.private_folder.GRACE_S', 0.0)
    assert build(path).index.frame_count == 30
    assert not left.exists()


def test_the_index_is_plain_json(tmp_path):
    store = build(write_drive(tmp_path / 'night.mcap'))
    content = json.loads((store.folder / 'index.json').read_text())
    assert content['settings']['height'] == HEIGHT
    assert len(content['content']) == 64


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'frame_count': '8'}, "frame_count '8' is not a whole number of at least 1"),
        ({'frame_count': 10**18}, 'stamps.npy is int64'),
        ({'frame_count': 0}, 'frame_count 0 is not'),
        ({'height': 48.0}, 'height 48.0 is not'),
        ({'triplet_count': -1}, 'triplet_count -1 is not'),
        ({'dropped': [1]}, r'dropped \[1\] does not count'),
        ({'dropped': {'dark': None}}, 'dropped dark None is not'),
    ],
)
def test_an_index_that_no_store_has(tmp_path, changes, message):
    folder = build(write_drive(tmp_path / 'night.mcap', 8)).folder
    index = folder / 'index.json'
    index.write_text(json.dumps({**json.loads(index.read_text()), **changes}))
    with pytest.raises(SourceError, match=message):
        open_store(folder)


@pytest.mark.parametrize('header', [b"{'descr': (\n", b'{' * 60, b"{'shape': 1}", b'\xff', b'PK'])
def test_an_array_with_a_header_that_is_none(tmp_path, header):
    folder = build(write_drive(tmp_path / 'night.mcap', 8)).folder
    path = folder / 'stamps.npy'
    content = bytearray(path.read_bytes())
    content[10 : 10 + len(header)] = header
    path.write_bytes(content if header != b'PK' else b'PK\x03\x04')
    with pytest.raises(SourceError, match=r'stamps\.npy cannot be read'):
        open_store(folder)


def test_triplets_of_frames_that_are_not_there(tmp_path):
    folder = build(write_drive(tmp_path / 'night.mcap', 8)).folder
    rows = np.load(folder / 'triplets.npy')
    rows[2, 1] = 8
    np.save(folder / 'triplets.npy', rows)
    with pytest.raises(SourceError, match='triplets name other frames; delete'):
        open_store(folder)
