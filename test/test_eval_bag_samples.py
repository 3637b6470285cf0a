"""
Recordings give samples with the numbers that arithmetic says; bad ones give one line.
"""

from __future__ import annotations

from dataclasses import replace
import logging

from make_bags import CAMERA, HEIGHT, picture, stamp_ns, WIDTH
from make_recordings import (
    camera_file,
    clouds,
    DEPTH,
    depths,
    IMAGE,
    images,
    INFO,
    mounted,
    moving_transforms,
    odometry,
    POINTS,
    travelled,
    WALL_M,
    write,
    write_ros1,
)
import numpy as np
import pytest

from steps_ros.data import messages
from steps_ros.data.mcap_writer import McapWriter
from steps_ros.data.pairing import MAX_HELD
from steps_ros.errors import SourceError
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples

MS = 1_000_000


def samples_of(path, **options):
    with open_samples(path, InputSettings(**options)) as source:
        return list(source), source


def refusal(path, **options):
    with pytest.raises(SourceError) as caught:
        samples_of(path, **options)
    message = str(caught.value)
    assert '\n' not in message
    return message


def test_depth_reference(tmp_path):
    path = write(tmp_path / 'drive.mcap', images(), depths(), mounted(), odometry())
    samples, source = samples_of(path)
    assert [sample.stamp_ns for sample in samples] == [stamp_ns(index) for index in range(5)]
    assert source.sample_count == 5
    assert not source.dropped
    first = samples[0]
    np.testing.assert_array_equal(first.image, picture(0))
    assert (first.drive, first.camera, first.stem) == ('drive', IMAGE, '000000')
    assert first.intrinsics == CAMERA
    assert first.prediction is None
    columns, rows, depth, size = first.reference
    assert size == (HEIGHT, WIDTH)
    assert (columns[WIDTH + 1], rows[WIDTH + 1]) == (1, 1)
    np.testing.assert_array_equal(depth, np.ones(HEIGHT * WIDTH))
    assert first.mounting == pytest.approx((1.5, 0, 0))
    assert samples[3].world_from_camera[:3, 3] == pytest.approx(
        (travelled(stamp_ns(3)) + 1, 0, 1.5)
    )


def test_lidar_is_moved_to_the_stamp_of_the_picture(tmp_path):
    late = 40 * MS
    path = write(tmp_path / 'd.mcap', images(), clouds(offset_ns=late), mounted(), odometry())
    samples, source = samples_of(path)
    assert source.inputs['motion'] == 'odometry /odom'
    for sample in samples:
        # The camera is 1 m before base_link; the wall stands still.
        assert sample.reference.depth == pytest.approx(WALL_M - travelled(sample.stamp_ns) - 1.0)
        assert sample.gap_ns == late


def test_motion_from_tf(tmp_path):
    late = 40 * MS
    parts = images(), clouds(offset_ns=late), mounted(), moving_transforms()
    samples, source = samples_of(write(tmp_path / 'd.mcap', *parts))
    assert source.inputs['motion'] == 'tf, in odom'
    assert len(samples) == 5
    for sample in samples:
        assert sample.reference.depth == pytest.approx(WALL_M - travelled(sample.stamp_ns) - 1.0)
    ahead = travelled(stamp_ns(2)) + 1
    assert samples[2].world_from_camera[:3, 3] == pytest.approx((ahead, 0, 1.5))


def test_ros1(tmp_path):
    late = 40 * MS
    parts = images(), clouds(offset_ns=late), mounted(), odometry()
    modern = samples_of(write(tmp_path / 'd.mcap', *parts))[0]
    older = samples_of(write_ros1(tmp_path / 'd.bag', *parts))[0]
    assert len(older) == len(modern) == 5
    for one, other in zip(older, modern, strict=True):
        assert one.stamp_ns == other.stamp_ns
        assert one.intrinsics == other.intrinsics == CAMERA
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.reference.depth, other.reference.depth)
        assert one.mounting == other.mounting


def test_jpeg_pictures(tmp_path):
    shown = [
        (f'{IMAGE}/compressed', messages.compressed_message(picture(index), when, 'c'), when)
        for index, when in enumerate(map(stamp_ns, range(3)))
    ]
    samples, source = samples_of(write(tmp_path / 'd.mcap', shown, depths(3, frame='c')))
    assert source.inputs['image'] == f'{IMAGE}/compressed'
    assert [sample.image.shape for sample in samples] == [(HEIGHT, WIDTH, 3)] * 3


def test_depth_that_another_camera_sees(tmp_path, caplog):
    elsewhere = depths(frame='lidar')
    message = refusal(write(tmp_path / 'd.mcap', images(), elsewhere, mounted()))
    assert 'is seen from lidar, the picture from camera_optical_frame' in message
    assert 'depth_image_proc' in message
    samples_of(write(tmp_path / 'e.mcap', images(), elsewhere))
    assert 'taken as registered' in caplog.text


def test_lidar_without_motion_stays_where_it_was_seen(tmp_path):
    late = 40 * MS
    path = write(tmp_path / 'd.mcap', images(), clouds(offset_ns=late), mounted())
    samples, source = samples_of(path)
    assert source.inputs['motion'].startswith('none')
    assert samples[0].reference.depth == pytest.approx(WALL_M - travelled(stamp_ns(0) + late) - 1)
    assert samples[0].world_from_camera is None
    assert samples[0].mounting == pytest.approx((1.5, 0, 0))


def test_place_of_a_point_is_exact(tmp_path):
    path = write(tmp_path / 'd.mcap', images(1), clouds(1), mounted(), odometry())
    reference = samples_of(path)[0][0].reference
    # The wall's points, 1.9 m above base_link at the LiDAR, seen from a camera 1.5 m above it.
    across, up = np.meshgrid(np.linspace(-8, 8, 9), np.linspace(-1, 6, 9))
    columns = CAMERA.cx - CAMERA.fx * across / (WALL_M - 1)
    rows = CAMERA.cy - CAMERA.fy * (up + 1.9 - 1.5) / (WALL_M - 1)
    np.testing.assert_allclose(reference.columns, columns.ravel(), atol=1e-4)
    np.testing.assert_allclose(reference.rows, rows.ravel(), atol=1e-4)


@pytest.mark.parametrize('name', ['image_raw', 'image_rect_color'])
def test_rectified_pictures_are_seen_by_the_projection_matrix(tmp_path, name):
    info = messages.camera_info_message(CAMERA, stamp_ns(0), 'camera_optical_frame')
    info.d = np.array([-0.3, 0.1, 0, 0, 0])
    info.p[:] = (10, 0, 16, 0, 0, 11, 12, 0, 0, 0, 1, 0)
    infos = [(INFO, info, stamp_ns(0))]
    shown = images(1, camera=None, topic=f'/camera/{name}')
    path = write(tmp_path / 'd.mcap', shown, infos, clouds(1), mounted())
    camera = samples_of(path)[0][0].intrinsics
    assert bool(camera.distortion) == (name == 'image_raw')
    assert camera.fx == (CAMERA.fx if name == 'image_raw' else 10)


def test_two_recorded_depths(tmp_path):
    predicted = depths(value=4.0, topic='/net/depth')
    path = write(tmp_path / 'd.mcap', images(), depths(), predicted)
    samples, _ = samples_of(path, depth_topic='/net/depth')
    assert len(samples) == 5
    np.testing.assert_array_equal(samples[1].prediction, np.full((HEIGHT, WIDTH), 4.0))
    np.testing.assert_array_equal(samples[1].image, picture(1))
    assert samples[1].reference.depth[0] == 2.0


def test_nearest_reference_is_taken_even_when_it_comes_later(tmp_path):
    early, late = depths(2, offset_ns=-15 * MS, value=1.0), depths(2, offset_ns=5 * MS, value=2.0)
    path = write(tmp_path / 'd.mcap', images(2), early, late)
    samples, _ = samples_of(path)
    assert [sample.reference.depth[0] for sample in samples] == [2.0, 2.0]
    assert [sample.gap_ns for sample in samples] == [5 * MS, 5 * MS]


def test_memory_does_not_grow_with_the_recording(tmp_path):
    count = 300
    poses = odometry(count + 2, step_ns=100 * MS)
    parts = images(count), clouds(count, ahead_m=20.0), mounted(), poses
    path = write(tmp_path / 'd.mcap', *parts)
    with open_samples(path, InputSettings()) as source:
        held = [source.held for _ in source]
    assert len(held) > count - 10
    # Ten seconds of odometry at 10 Hz, held up to twice before it is cut.
    assert max(held) <= 2 * MAX_HELD + 200
    assert max(held[220:]) <= max(held[:220])


def test_pictures_without_a_reference_are_counted(tmp_path):
    path = write(tmp_path / 'd.mcap', images(6), depths(4))
    samples, source = samples_of(path)
    assert len(samples) == 4
    assert source.dropped == {'no reference within tolerance': 2}


def test_stamps_that_never_pair(tmp_path):
    path = write(tmp_path / 'd.mcap', images(), depths(offset_ns=-30 * MS))
    message = refusal(path)
    assert 'the nearest is 30.0 ms away' in message
    assert 'within 20 ms' in message
    assert '--tolerance-ms' in message
    assert len(samples_of(path, tolerance_ms=30)[0]) == 5


def test_no_reference_topic_lists_what_there_is(tmp_path):
    message = refusal(write(tmp_path / 'd.mcap', images(), mounted()))
    for expected in (f'{IMAGE} (sensor_msgs/msg/Image)', INFO, '/tf_static', 'no reference'):
        assert expected in message


def test_several_references_are_listed(tmp_path):
    message = refusal(write(tmp_path / 'd.mcap', images(), depths(), clouds(), mounted()))
    assert f'{DEPTH} (sensor_msgs/msg/Image), {POINTS} (sensor_msgs/msg/PointCloud2)' in message
    assert '--reference-topic' in message


@pytest.mark.parametrize(
    ('frames', 'expected'),
    [
        (['camera_optical_frame'], "no frame 'lidar' in tf, which has base_link, camera_optical"),
        ([], 'neither /tf_static nor /tf'),
    ],
)
def test_no_transform_between_lidar_and_camera(tmp_path, frames, expected):
    path = write(tmp_path / 'd.mcap', images(), clouds(), mounted(frames) if frames else [])
    message = refusal(path)
    assert 'no transform from lidar to camera_optical_frame' in message
    assert expected in message


@pytest.mark.parametrize('value', [0.0, np.nan, np.inf])
def test_reference_without_a_value(tmp_path, value):
    message = refusal(write(tmp_path / 'd.mcap', images(), depths(value=value)))
    assert 'none of 5 pictures' in message
    assert 'has no value above 0' in message
    assert '--reference-topic' in message


def test_reference_of_the_wrong_encoding(tmp_path):
    wrong = [('/other', messages.image_message(picture(0), stamp_ns(0), 'c'), stamp_ns(0))]
    path = write(tmp_path / 'd.mcap', images(), wrong)
    message = refusal(path, image_topic=IMAGE, reference_topic='/other')
    assert "/other has encoding 'rgb8', which is no depth; taken are 32FC1" in message
    assert 'here on no topics; correct --reference-topic' in message


def test_lidar_needs_a_camera(tmp_path):
    path = write(tmp_path / 'd.mcap', images(camera=None), clouds(), mounted())
    assert 'no camera_info' in refusal(path)


def test_uncalibrated_camera(tmp_path):
    info = messages.camera_info_message(CAMERA, stamp_ns(0), 'c')
    info.k[:] = 0
    items = [(INFO, info, stamp_ns(0))]
    path = write(tmp_path / 'd.mcap', images(camera=None), items, clouds(), mounted())
    assert 'uncalibrated' in refusal(path)
    # A depth reference needs no camera.
    path = write(tmp_path / 'e.mcap', images(camera=None), items, depths())
    assert samples_of(path)[0][0].intrinsics is None


def test_no_images(tmp_path):
    assert 'has no images' in refusal(write(tmp_path / 'd.mcap', clouds(), mounted()))
    message = refusal(write(tmp_path / 'e.mcap', depths(), depths(topic='/net/depth')))
    assert '/net/depth' in message


def test_bag_that_ends_in_the_middle(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    whole = write(tmp_path / 'd.mcap', images(400), depths(400))
    content = whole.read_bytes()
    (tmp_path / 'cut.mcap').write_bytes(content[: len(content) * 6 // 10])
    samples, source = samples_of(tmp_path / 'cut.mcap')
    assert 100 < len(samples) < 400
    assert 'cannot be read as a bag' in source.inputs['damage']
    assert 'mcap recover' in caplog.text


def test_picture_that_cannot_be_decoded(tmp_path):
    path = tmp_path / 'd.mcap'
    items = sorted(images(3) + depths(3), key=lambda item: item[2])
    items[0][1].encoding = 'nv12'
    with McapWriter(path) as writer:
        for topic, message, when in items:
            writer.write_message(topic, message, when)
    samples, source = samples_of(path, image_topic=IMAGE)
    assert len(samples) == 2
    assert source.dropped == {'image cannot be decoded': 1}


def test_camera_info_of_another_size_is_scaled(tmp_path):
    path = write(
        tmp_path / 'd.mcap',
        images(camera=CAMERA.resized(2 * WIDTH, 2 * HEIGHT)),
        clouds(),
        mounted(),
    )
    assert samples_of(path)[0][0].intrinsics == CAMERA


@pytest.mark.parametrize('recorded', [None, replace(CAMERA, fx=2 * CAMERA.fx)])
def test_given_intrinsics_replace_those_of_the_bag(tmp_path, recorded):
    around = (mounted(), clouds(), odometry())
    true = write(tmp_path / 'true.mcap', *around, images())
    other = write(tmp_path / 'other.mcap', *around, images(camera=recorded))
    expected, _ = samples_of(true)
    found, _ = samples_of(other, intrinsics=camera_file(tmp_path / 'camera.yaml', CAMERA))
    assert len(found) == len(expected) == 5
    for sample, like in zip(found, expected, strict=True):
        assert sample.intrinsics == CAMERA
        np.testing.assert_array_equal(sample.reference.columns, like.reference.columns)


@pytest.mark.parametrize('reference', [depths, clouds])
def test_given_intrinsics_of_another_shape(tmp_path, reference):
    path = write(tmp_path / 'drive.mcap', mounted(), images(), reference(), odometry())
    given = camera_file(tmp_path / 'camera.yaml', replace(CAMERA, height=2 * HEIGHT))
    said = refusal(path, intrinsics=given)
    assert f'{given} is for {WIDTH}x{2 * HEIGHT}' in said
    assert 'give those of this camera' in said


def test_camera_info_of_another_shape(tmp_path):
    path = write(tmp_path / 'd.mcap', images(camera=CAMERA.resized(40, 40)), clouds(), mounted())
    assert 'another shape' in refusal(path)


def test_damaged_settings_and_paths(tmp_path):
    assert 'does not exist' in refusal(tmp_path / 'none.mcap')
    path = write(tmp_path / 'd.mcap', images(), depths())
    assert 'correct --odom-topic' in refusal(path, odom_topic='/camera/depth')
    other = [('/odometry/filtered', *item[1:]) for item in odometry()]
    path = write(tmp_path / 'two.mcap', images(), depths(), mounted(), odometry(), other)
    assert 'several odometry topics' in refusal(path)
    with open_samples(path, InputSettings(odom_topic='none')) as source:
        assert 'odometry' not in source.inputs['motion']
    assert 'no topic /nothing' in refusal(path, reference_topic='/nothing')


def test_iterating_twice_starts_again(tmp_path):
    path = write(tmp_path / 'd.mcap', images(), depths(4), mounted(), odometry())
    with open_samples(path, InputSettings()) as source:
        assert len(list(source)) == 4
        assert len(list(source)) == 4
        assert source.dropped.total() == 1
