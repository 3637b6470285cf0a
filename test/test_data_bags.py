"""
Every kind of bag gives the same frames; every damaged one gives one line.
"""

from __future__ import annotations

import re

from make_bags import (
    CAMERA,
    camera_messages,
    picture,
    stamp_ns,
    write_folder,
    write_mcap,
    write_ros1,
)
import numpy as np
import pytest
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from steps_ros.data import messages
from steps_ros.data.bags import open_bag
from steps_ros.data.mcap_writer import McapWriter
from steps_ros.data.sources import open_source
from steps_ros.errors import SourceError

MCAP, SQLITE = StoragePlugin.MCAP, StoragePlugin.SQLITE3


def frames_of(path, **options):
    with open_source(path, **options) as source:
        return list(source)


def assert_whole(frames, count=5):
    assert [frame.stamp_ns for frame in frames] == [stamp_ns(index) for index in range(count)]
    assert [frame.stem for frame in frames] == [f'{index:06d}' for index in range(count)]
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.image, picture(index))


@pytest.mark.parametrize(
    ('storage', 'compression'),
    [
        (SQLITE, None),
        (SQLITE, CompressionMode.FILE),
        (SQLITE, CompressionMode.MESSAGE),
        (MCAP, None),
        (MCAP, CompressionMode.STORAGE),
    ],
)
def test_folder_bag(tmp_path, storage, compression):
    path = write_folder(tmp_path / 'night', camera_messages(), storage, compression)
    frames = frames_of(path)
    assert_whole(frames)
    assert {frame.camera for frame in frames} == {CAMERA}


def test_bare_files(tmp_path):
    write_folder(tmp_path / 'night', camera_messages())
    assert_whole(frames_of(tmp_path / 'night' / 'night.db3'))
    assert_whole(frames_of(write_mcap(tmp_path / 'night.mcap', camera_messages())))


def test_ros1_bag(tmp_path):
    frames = frames_of(write_ros1(tmp_path / 'night.bag'))
    assert_whole(frames)
    assert frames[0].camera is None


def test_the_camera_is_that_of_the_part_of_the_sensor_that_was_read(tmp_path):
    items = camera_messages(1)
    info = items[1][1]
    # The sensor is twice as fine and larger to all sides than the picture of 32x24.
    info.width, info.height = 100, 80
    info.binning_x = info.binning_y = 2
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 10, 6, 64, 48
    info.k[[0, 4, 2, 5]] = 40, 42, 50, 40
    (frame,) = frames_of(write_mcap(tmp_path / 'night.mcap', items))
    camera = frame.camera
    assert (camera.width, camera.height) == (32, 24)
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (20, 21, 20, 17)


def test_what_is_known_before_the_first_frame(tmp_path):
    path = write_mcap(tmp_path / 'night.mcap', camera_messages())
    with open_source(path) as source:
        assert (source.kind, source.frame_count, source.name) == ('bag', 5, str(path))
        assert source.calibration == 'topic /camera/camera_info'


def test_iterating_twice_starts_again(tmp_path):
    with open_source(write_mcap(tmp_path / 'night.mcap', camera_messages())) as source:
        next(iter(source))
        assert_whole(list(source))


def test_compressed_images(tmp_path):
    items = [
        (
            '/camera/image_raw/compressed',
            messages.compressed_message(picture(i), stamp_ns(i), ''),
            0,
        )
        for i in range(3)
    ]
    items += camera_messages(1)[1:]
    frames = frames_of(write_mcap(tmp_path / 'night.mcap', items))
    assert len(frames) == 3
    np.testing.assert_allclose(frames[2].image.astype(int), picture(2), atol=3)
    assert frames[0].camera == CAMERA


def test_header_without_stamp_takes_the_time_of_receipt(tmp_path):
    message = messages.image_message(picture(0), 0, 'camera')
    path = write_mcap(tmp_path / 'night.mcap', [('/image', message, 500)], receive_delay_ns=70)
    assert frames_of(path)[0].stamp_ns == 570


def test_only_image_topic_beside_depth_is_chosen(tmp_path):
    depth = messages.depth_message(np.ones((24, 32), np.float32), 1, 'camera')
    items = [('/camera/depth', depth, 1), *camera_messages()]
    assert_whole(frames_of(write_mcap(tmp_path / 'night.mcap', items)))


def two_cameras(tmp_path):
    left = camera_messages(2, '/left/image', '/left/camera_info')
    right = camera_messages(3, '/right/image', None)
    return write_mcap(tmp_path / 'night.mcap', left + right)


def test_several_image_topics_are_listed(tmp_path):
    path = two_cameras(tmp_path)
    with pytest.raises(SourceError, match=r'image topics: /left/image, /right/image; choose'):
        open_source(path)
    assert len(frames_of(path, image_topic='/right/image')) == 3
    assert frames_of(path, image_topic='/right/image')[0].camera is None
    assert frames_of(path, image_topic='/left/image')[0].camera == CAMERA


def test_unknown_topic_lists_those_there_are(tmp_path):
    with pytest.raises(SourceError, match='no image topic /up; its image topics: /left/image, /r'):
        open_source(two_cameras(tmp_path), image_topic='/up')


def test_camera_info_of_another_place_is_taken_by_name(tmp_path):
    path = two_cameras(tmp_path)
    options = {'image_topic': '/right/image', 'info_topic': '/left/camera_info'}
    assert frames_of(path, **options)[0].camera == CAMERA
    with pytest.raises(SourceError, match='no camera_info topic /up; it has /left/camera_info'):
        open_source(path, **{**options, 'info_topic': '/up'})


def test_frames_keep_their_coordinate_frame(tmp_path):
    path = write_mcap(tmp_path / 'night.mcap', camera_messages(1))
    assert frames_of(path)[0].frame_id == 'camera'


def test_lone_camera_info_elsewhere_is_taken(tmp_path):
    items = camera_messages(2, '/image', '/calibration/camera_info')
    assert frames_of(write_mcap(tmp_path / 'night.mcap', items))[0].camera == CAMERA


def test_nan_intrinsics_leave_the_image_uncalibrated(tmp_path, caplog):
    items = camera_messages(2)
    for item in items[1::2]:
        item[1].k[0] = np.nan
    frames = frames_of(write_mcap(tmp_path / 'night.mcap', items))
    assert [frame.camera for frame in frames] == [None, None]
    assert 'not finite' in caplog.text


def test_bad_images_are_counted_and_left_out(tmp_path):
    items = camera_messages(4, info_topic=None)
    items[1][1].encoding = 'nv12'
    items[2][1].step = 7
    with open_source(write_mcap(tmp_path / 'night.mcap', items)) as source:
        assert [frame.stem for frame in source] == ['000000', '000003']
        assert [item.stem for item in source.skipped] == ['000001', '000002']
        assert 'nv12 is not taken' in source.skipped[0].reason


def test_damaged_message_is_counted_and_left_out(tmp_path):
    content = bytes(messages.serialise(camera_messages(1)[0][1]))
    with McapWriter(tmp_path / 'night.mcap') as writer:
        for stamp, part in enumerate((content, content[:50], content[:3], content)):
            writer.write('/image', messages.IMAGE, part, stamp)
    with open_source(tmp_path / 'night.mcap') as source:
        assert len(list(source)) == 2
        assert ['message on /image is damaged' in item.reason for item in source.skipped] == [1, 1]


def test_no_usable_image_at_all(tmp_path):
    items = camera_messages(2)
    for item in items[::2]:
        item[1].encoding = 'nv21'
    with pytest.raises(SourceError, match=r'none of 2 images can be read; .* 000000: .*nv21'):
        frames_of(write_mcap(tmp_path / 'night.mcap', items))


def test_bag_without_images_says_what_it_has(tmp_path):
    path = write_mcap(tmp_path / 'night.mcap', camera_messages(1)[1:])
    with pytest.raises(SourceError, match=r'no images; it has /camera/camera_info \(sensor_msgs'):
        open_source(path)


def test_bag_without_messages(tmp_path):
    for path in (write_mcap(tmp_path / 'night.mcap', []), write_folder(tmp_path / 'night', [])):
        with pytest.raises(SourceError, match='no images; it has no messages at all'):
            open_source(path)


def large_images(count):
    """Return images of 46 kB, so that a recording of them has several chunks."""
    images = (np.repeat(picture(index), 20, axis=0) for index in range(count))
    return [
        ('/image', messages.image_message(image, stamp_ns(index), ''), stamp_ns(index))
        for index, image in enumerate(images)
    ]


def truncated(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def test_truncated_mcap_is_read_as_far_as_it_goes(tmp_path, caplog):
    frames = frames_of(truncated(write_mcap(tmp_path / 'night.mcap', large_images(60)), 0.6))
    assert 15 < len(frames) < 40
    assert [frame.stamp_ns for frame in frames] == [stamp_ns(i) for i in range(len(frames))]
    told = re.search(r'before the damage: (\d+) of (\d+) bytes \((.*)%\) cannot', caplog.text)
    lost, whole = int(told[1]), int(told[2])
    assert whole == (tmp_path / 'night.mcap').stat().st_size
    # No more than the chunk in which it was cut.
    assert 0 < lost < 0.4 * whole
    assert float(told[3]) == pytest.approx(100 * lost / whole, abs=0.06)


def test_truncated_folder_bag_of_mcap(tmp_path):
    path = write_folder(tmp_path / 'night', large_images(60), MCAP)
    truncated(path / 'night.mcap', 0.9)
    assert 15 < len(frames_of(path)) < 60


def test_recording_that_was_killed_is_recovered(tmp_path):
    writer = McapWriter(tmp_path / 'night.mcap')
    image = np.repeat(picture(0), 200, 0)
    for index in range(9):
        writer.write_message('/image', messages.image_message(image, index, ''), index)
    left = (tmp_path / 'night.mcap.partial').rename(tmp_path / 'left.mcap')
    assert len(frames_of(left)) >= 6


def test_sqlite_damaged_on_the_way_ends_with_a_warning(tmp_path, caplog):
    path = write_folder(tmp_path / 'night', large_images(60))
    content = bytearray((path / 'night.db3').read_bytes())
    # The inside of one image: the pages that chain it together are lost, the index is not.
    middle = len(content) // 2
    content[middle : middle + 16384] = b'\xaa' * 16384
    (path / 'night.db3').write_bytes(content)
    assert 0 < len(frames_of(path)) < 60
    assert 'malformed; try `ros2 bag reindex`' in caplog.text


NO_BAGS = [b'', b'x', b'\x89MCAP0\r\n', b'SQLite format 3\x00', b'#ROSBAG V2.0\n', bytes(4096)]


@pytest.mark.parametrize('name', ['night.mcap', 'night.db3', 'night.bag'])
@pytest.mark.parametrize('content', NO_BAGS)
def test_file_that_is_no_bag(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r'is empty|cannot be read as a bag') as caught:
        open_source(path)
    assert '\n' not in str(caught.value)
    assert str(path) in str(caught.value)


def bag_of_kind(tmp_path, kind):
    if kind == 'mcap':
        return write_mcap(tmp_path / 'night.mcap', camera_messages(20))
    if kind == 'db3':
        return write_folder(tmp_path / 'night', camera_messages(20)) / 'night.db3'
    return write_ros1(tmp_path / 'night.bag', 20)


def read_or_one_line(path):
    """Read what can be read; whatever else than a SourceError comes fails the test."""
    try:
        return '', len(frames_of(path))
    except SourceError as error:
        return str(error), 0


@pytest.mark.parametrize('kind', ['mcap', 'db3', 'bag'])
def test_truncation_anywhere(tmp_path, kind):
    path = bag_of_kind(tmp_path, kind)
    content = path.read_bytes()
    for cut in range(1, len(content), len(content) // 15):
        path.write_bytes(content[:cut])
        line, count = read_or_one_line(path)
        assert '\n' not in line
        assert count <= 20


@pytest.mark.parametrize('kind', ['mcap', 'db3', 'bag'])
def test_damage_anywhere(tmp_path, kind):
    path = bag_of_kind(tmp_path, kind)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(25):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), 20):
            damaged[position] = rng.integers(0, 256)
        path.write_bytes(damaged)
        line, count = read_or_one_line(path)
        assert '\n' not in line
        assert count <= 20


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('', 'cannot be read as a bag'),
        ('a: [1', 'cannot be read as a bag'),
        ('rosbag2_bagfile_information: {version: 99}', 'version 99 not supported'),
        ('a: ' + '[' * 3000, 'brackets are nested more than 64 deep'),
        ('rosbag2_bagfile_information: {version: 5}', 'metadata key is missing'),
    ],
)
def test_bad_metadata(tmp_path, content, message):
    path = write_folder(tmp_path / 'night', camera_messages())
    (path / 'metadata.yaml').write_text(content)
    with pytest.raises(SourceError, match=message) as caught:
        open_source(path)
    assert '\n' not in str(caught.value)


def test_missing_metadata_names_the_file_to_give(tmp_path):
    path = write_folder(tmp_path / 'night', camera_messages())
    (path / 'metadata.yaml').unlink()
    with pytest.raises(SourceError, match=r'no metadata.yaml; give .*night\.db3 itself'):
        open_source(path)
    with pytest.raises(SourceError, match=r'no metadata.yaml; try `ros2 bag reindex`'):
        open_bag(path)


def test_missing_storage_file(tmp_path):
    path = write_folder(tmp_path / 'night', camera_messages())
    (path / 'night.db3').unlink()
    with pytest.raises(SourceError, match='files are missing'):
        open_source(path)


def test_missing_bag(tmp_path):
    with pytest.raises(SourceError, match='does not exist; check the path'):
        open_bag(tmp_path / 'night.mcap')


@pytest.mark.parametrize('wrong', ['1e999', '.nan', '[]', 'null', '"5"'])
def test_metadata_that_count_no_messages(tmp_path, wrong):
    path = write_folder(tmp_path / 'night', camera_messages())
    metadata = path / 'metadata.yaml'
    text = metadata.read_text().replace('- message_count: 5', f'- message_count: {wrong}')
    metadata.write_text(text)
    with pytest.raises(SourceError, match=r"topic '/camera/.*' of 'sensor_msgs/msg/.*' with"):
        open_bag(path)


@pytest.mark.parametrize('name', ['n' * 5000, 'zero\0byte'])
def test_a_name_that_no_file_can_have_does_not_exist(tmp_path, name):
    for opened in (open_bag, open_source):
        with pytest.raises(SourceError, match='does not exist'):
            opened(tmp_path / name)
