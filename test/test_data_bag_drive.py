"""
Bags as drives: topics, depth, speed, and the camera of raw and rectified pictures.
"""

from __future__ import annotations

from make_bags import SECOND, stamp_ns
from make_drives import CAMERA, depths, drive, HEIGHT, items, moving, WIDTH
from make_recordings import odometry, pose, write, write_ros1
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.data import messages
from steps_ros.data.bag_drive import BagDrive
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.messages import Transform
from steps_ros.data.rectification import rectified_camera
from steps_ros.data.store_building import build_store
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SourceError

SIZE = StoreSettings(height=HEIGHT, width=WIDTH)


def frames_of(path, **options):
    with BagDrive(path, DriveOptions(**options)) as opened:
        return list(opened)


def test_each_picture_with_the_depth_of_its_stamp(tmp_path):
    # Depth comes 5 ms later than its picture, and none belongs to the last two pictures.
    path = write(tmp_path / 'night.mcap', drive(6), depths(4, 5_000_000))
    found = frames_of(path)
    assert [item.frame.stem for item in found] == [f'{index:06d}' for index in range(6)]
    assert [item.depth[9, 0] for item in found[:4]] == [1, 2, 3, 4]
    assert [item.depth for item in found[4:]] == [None, None]
    for index, item in enumerate(found):
        np.testing.assert_array_equal(item.frame.image, moving(index))
        assert item.frame.camera == CAMERA


def test_speed_from_odometry(tmp_path):
    path = write(tmp_path / 'night.mcap', drive(10), odometry(60))
    speeds = [item.speed_mps for item in frames_of(path)]
    assert speeds[0] is None
    assert speeds[-1] == pytest.approx(10, rel=1e-3)


def test_where_odometry_has_the_vehicle(tmp_path):
    path = write(tmp_path / 'night.mcap', drive(10), odometry(60))
    places = [item.position for item in frames_of(path)]
    # 10 m/s, ten pictures a second.
    np.testing.assert_allclose(np.diff(places, axis=0), [[1, 0, 0]] * 9, atol=1e-6)
    assert all(item.position is None for item in frames_of(write(tmp_path / 'b.mcap', drive(3))))


def test_pictures_wait_for_odometry_that_comes_after_them(tmp_path):
    # 1 m in each picture's time, told at its stamp, written 20 ms later.
    late = [
        ('/odom', messages.odometry_message(Transform('odom', 'base_link', pose((i, 0, 0))), when),
         when + 20_000_000)
        for i, when in enumerate(map(stamp_ns, range(6)))
    ]  # fmt: skip
    places = [item.position for item in frames_of(write(tmp_path / 'a.mcap', drive(6), late))]
    np.testing.assert_allclose(places, [[i, 0, 0] for i in range(6)])
    # Nothing is lost, and none waits longer than that, where odometry ends early.
    paths = write(tmp_path / 'b.mcap', drive(30), late[:3])
    found = frames_of(paths)
    assert [item.frame.stamp_ns for item in found] == [stamp_ns(i) for i in range(30)]
    assert all(item.position is None for item in found[5:])


def test_odometry_is_left_aside_where_it_is_said(tmp_path):
    path = write(tmp_path / 'night.mcap', drive(10), odometry(60))
    for item in frames_of(path, odometry_topic='none'):
        assert (item.position, item.speed_mps) == (None, None)


def standing(count):
    """Return odometry of a vehicle that stands for 0.8 s and then drives at 10 m/s."""
    found = []
    for index in range(count):
        when = stamp_ns(0) + index * 20_000_000 - 600_000_000
        ahead = max(0.0, (when - stamp_ns(8)) / 1e8)
        body = Transform('odom', 'base_link', pose((ahead, 0, 0)))
        found.append(('/odom', messages.odometry_message(body, when), when))
    return found


def test_pictures_of_a_standing_vehicle_are_dropped_though_others_drive(tmp_path):
    path = write(tmp_path / 'night.mcap', drive(20), standing(140))
    store = build_store(path, SIZE, cache=tmp_path / 'cache')
    assert store.index.dropped['standstill'] == 9
    np.testing.assert_array_equal(store.frame(0), moving(9))


def test_a_bent_lens_is_rectified(tmp_path):
    bent = Camera(WIDTH, HEIGHT, 40.0, 42.0, 32.0, 24.0, 'plumb_bob', (-0.2, 0.05, 0, 0, 0))
    path = write(tmp_path / 'night.mcap', drive(4, camera=bent))
    store = build_store(path, SIZE, cache=tmp_path / 'cache')
    np.testing.assert_allclose(store.intrinsics[0], rectified_camera(bent).matrix, rtol=1e-6)
    assert (store.frame(0) != moving(0)).any()


def test_a_rectified_topic_has_the_camera_of_p(tmp_path):
    bent = Camera(WIDTH, HEIGHT, 40.0, 42.0, 32.0, 24.0, 'plumb_bob', (-0.2, 0.05, 0, 0, 0))
    pictures = items([moving(index) for index in range(4)], bent, topic='/camera/image_rect')
    path = write(tmp_path / 'night.mcap', pictures)
    (first, *_) = frames_of(path)
    assert (first.frame.camera.distortion, first.frame.camera.fx) == ((), 40.0)


def test_an_unknown_lens_is_one_line(tmp_path):
    strange = Camera(WIDTH, HEIGHT, 40.0, 42.0, 32.0, 24.0, 'omni', (0.1, 0.2))
    path = write(tmp_path / 'night.mcap', drive(4, camera=strange))
    with pytest.raises(SourceError, match="'omni' is not known, only plumb_bob"):
        build_store(path, SIZE, cache=tmp_path / 'cache')


@pytest.mark.parametrize('kind', ['depth', 'odometry', 'info'])
def test_topics_that_are_not_there(tmp_path, kind):
    path = write(tmp_path / 'night.mcap', drive(3), depths(3), odometry(5))
    with pytest.raises(SourceError, match=r'has no .*/none; '):
        BagDrive(path, DriveOptions(**{f'{kind}_topic': '/none'}))


def test_several_cameras_must_be_chosen_from(tmp_path):
    other = items([moving(index) for index in range(3)], None, topic='/rear/image_raw')
    path = write(tmp_path / 'night.mcap', drive(3), other)
    with pytest.raises(SourceError, match='several image topics: /camera/image_raw, /rear'):
        BagDrive(path, DriveOptions())
    assert len(frames_of(path, image_topic='/rear/image_raw')) == 3


def test_damaged_pictures_are_counted(tmp_path):
    broken = messages.compressed_message(moving(1), stamp_ns(1), 'camera')
    broken.data = broken.data[:40]
    pictures = [
        *items([moving(0), moving(1), moving(2)], compressed=True),
        ('/camera/image_raw', broken, stamp_ns(3)),
    ]
    path = write(tmp_path / 'night.mcap', pictures)
    with BagDrive(path, DriveOptions()) as opened:
        assert len(list(opened)) == 3
        assert opened.unread == {'cannot be read': 1}


def test_nothing_but_damaged_pictures(tmp_path):
    broken = messages.compressed_message(moving(1), stamp_ns(1), 'camera')
    broken.data = broken.data[:40]
    path = write(tmp_path / 'night.mcap', [('/camera/image_raw', broken, stamp_ns(3))])
    with pytest.raises(SourceError, match='none of 1 images on /camera/image_raw can be read'):
        frames_of(path)


def test_a_ros1_bag_has_depth_and_speed_too(tmp_path):
    path = write_ros1(tmp_path / 'night.bag', drive(8), depths(8), odometry(60))
    found = frames_of(path)
    assert [item.depth[9, 0] for item in found] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert found[-1].speed_mps == pytest.approx(10, rel=1e-3)
    assert found[0].frame.camera == CAMERA


def at_10_then_3_mps(stamps):
    """Return odometry of two rounds with the same stamps, the second one slower and elsewhere."""
    found = []
    for round_, speed in enumerate((10.0, 3.0)):
        for stamp in stamps:
            ahead = 1000 * round_ + speed * stamp / 1e9
            body = Transform('odom', 'base_link', pose((ahead, 0, 0)))
            found.append((round_, stamp, messages.odometry_message(body, stamp)))
    return found


@pytest.mark.parametrize('lag_ns', [-30_000_000, 30_000_000])
def test_poses_of_before_the_clock_was_set_back_say_nothing(tmp_path, lag_ns):
    """A recording of a simulation that began anew, odometry ahead of the pictures or behind."""
    start, length = 100 * SECOND, 4 * SECOND
    stamps = [start + round(i * SECOND / 10) for i in range(40)]
    poses = at_10_then_3_mps(stamps)
    recorded = [
        ('/odom', message, stamp + round_ * length + lag_ns) for round_, stamp, message in poses
    ]
    for round_ in range(2):
        for place, stamp in enumerate(stamps):
            seen = items([moving(place % 8)], stamps=[stamp])
            recorded += [(topic, message, stamp + round_ * length) for topic, message, _ in seen]
    recorded.sort(key=lambda item: item[2])
    found = frames_of(write(tmp_path / 'night.mcap', recorded))
    assert len(found) == 80
    first, second = found[:40], found[40:]
    for frames, speed, origin in ((first, 10.0, 0), (second, 3.0, 1000)):
        told = [item for item in frames if item.position is not None]
        assert len(told) >= 36
        for item in told:
            expected = origin + speed * item.frame.stamp_ns / 1e9
            assert item.position[0] == pytest.approx(expected, abs=1e-6)
        assert {round(item.speed_mps, 6) for item in told if item.speed_mps} == {speed}


def test_several_odometry_topics_must_be_chosen_from(tmp_path):
    other = [('/odometry/filtered', *item[1:]) for item in odometry(60)]
    path = write(tmp_path / 'night.mcap', drive(3), odometry(60), other)
    with pytest.raises(SourceError, match=r'several odometry topics; choose one of /odom, /odome'):
        BagDrive(path, DriveOptions())
    for topic, is_told in (('/odometry/filtered', True), ('none', False)):
        with BagDrive(path, DriveOptions(odometry_topic=topic)) as opened:
            assert opened.has_odometry == is_told


def test_a_drive_without_odometry_may_stand_beside_others(tmp_path):
    path = write(tmp_path / 'night.mcap', drive(3))
    with BagDrive(path, DriveOptions(odometry_topic='/odom')) as opened:
        assert not opened.has_odometry
        assert [item.position for item in opened] == [None] * 3
