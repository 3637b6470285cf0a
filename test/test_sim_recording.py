"""A simulated drive as a recording: topics, contents, and what is left after a break."""

from __future__ import annotations

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from steps_ros.core.camera import Camera
from steps_ros.data.messages import LIDAR_POINT
from steps_ros.data.sources import open_source
from steps_ros.errors import OutputError
from steps_ros.sim.clip import SimulatedFrame
from steps_ros.sim.lidar import Scan
from steps_ros.sim.recording import write_recording
from steps_ros.sim.trajectory import Mounting


def frames(offset_ns=None):
    generator = np.random.default_rng(3)
    camera = Camera(20, 11, 15.0, 15.0, 9.0, 5.0)
    for number in range(3):
        yield SimulatedFrame(
            generator.integers(0, 256, (11, 20, 3), np.uint8),
            np.full((11, 20), np.inf, np.float32),
            np.zeros((11, 20, 2), np.float32),
            np.zeros((11, 20), np.uint16),
            np.zeros((11, 20), np.float32),
            camera,
            np.eye(4),
            1_700_000_000_000_000_000 + number * 100_000_000,
            Mounting(camera, 1.5, 0.0, 0.0, 0.0, 0.0, (0.0, 0.0, 0.0)),
            None if offset_ns is None else scan(number, offset_ns),
        )


def scan(number, offset_ns):
    points = np.zeros(5, LIDAR_POINT)
    points['x'], points['ring'] = np.arange(5), number
    mounted, body = np.eye(4), np.eye(4)
    mounted[2, 3], body[0, 3] = 1.9, number + 0.5
    stamp_ns = 1_700_000_000_000_000_000 + number * 100_000_000 + offset_ns
    return Scan(points, stamp_ns, body, mounted)


def read_all(path):
    with AnyReader([path]) as reader:
        return [
            (connection.topic, stamp_ns, reader.deserialize(content, connection.msgtype))
            for connection, stamp_ns, content in reader.messages()
        ]


@pytest.mark.parametrize('compressed', [False, True])
def test_a_recording_is_a_source_of_the_same_frames(tmp_path, compressed):
    path = tmp_path / 'drive.mcap'
    assert list(write_recording(frames(), path, compressed)) == [0, 1, 2]
    source = list(open_source(path))
    assert [frame.stamp_ns for frame in source] == [frame.stamp_ns for frame in frames()]
    if not compressed:
        for read, written in zip(source, frames(), strict=True):
            np.testing.assert_array_equal(read.image, written.image)


@pytest.mark.parametrize('offset_ns', [0, 20_000_000, -20_000_000])
def test_scans_come_with_their_place_and_time(tmp_path, offset_ns):
    path = tmp_path / 'drive.mcap'
    list(write_recording(frames(offset_ns), path))
    found = read_all(path)
    stamps = [stamp_ns for _, stamp_ns, _ in found]
    assert stamps == sorted(stamps)
    topics = {topic for topic, *_ in found}
    assert topics == {
        '/camera/image_raw', '/camera/camera_info', '/camera/depth', '/lidar/points', '/odom',
        '/tf_static',
    }  # fmt: skip
    scans = [(stamp_ns, message) for topic, stamp_ns, message in found if topic == '/lidar/points']
    assert [message.header.frame_id for _, message in scans] == ['lidar'] * 3
    assert [stamp_ns for stamp_ns, _ in scans] == [
        item.scan.stamp_ns for item in frames(offset_ns)
    ]
    points = scans[2][1].data.view(LIDAR_POINT)
    np.testing.assert_array_equal(points['x'], np.arange(5))
    assert set(points['ring']) == {2}
    odometry = {stamp_ns: message for topic, stamp_ns, message in found if topic == '/odom'}
    assert len(odometry) == (6 if offset_ns else 3)
    if offset_ns:
        assert odometry[scans[1][0]].pose.pose.position.x == 1.5
    (static,) = (message for topic, _, message in found if topic == '/tf_static')
    children = {item.child_frame_id: item.transform for item in static.transforms}
    assert set(children) == {'camera_optical_frame', 'lidar'}
    assert children['lidar'].translation.z == 1.9
    assert {item.header.frame_id for item in static.transforms} == {'base_link'}


def test_what_is_there_stays(tmp_path):
    path = tmp_path / 'drive.mcap'
    path.write_bytes(b'mine')
    with pytest.raises(OutputError, match='--overwrite'):
        list(write_recording(frames(), path))
    assert path.read_bytes() == b'mine'


def test_a_broken_off_recording_leaves_nothing(tmp_path):
    def broken():
        yield next(frames())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(write_recording(broken(), tmp_path / 'drive.mcap'))
    assert list(tmp_path.iterdir()) == []
