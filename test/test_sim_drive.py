"""Several streets in one drive: stamps, odometry, what fits together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steps_ros.errors import SettingsError
from steps_ros.sim.drive import Drive, drive_frames, PAUSE_S
from steps_ros.sim.lidar import LidarSettings
from steps_ros.sim.road import Road
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.trajectory import body_from_camera

CLIP = ClipSettings(seed=5, frames=6, height=8, width=12, time='day')


@pytest.fixture(scope='module')
def frames():
    return list(drive_frames(Drive(CLIP, 3, LidarSettings(columns=8, offset_s=0.02))))


def test_it_keeps_its_camera_and_stamps_rise(frames):
    assert len({frame.camera for frame in frames}) == 1
    stamps = [frame.stamp_ns for frame in frames]
    assert stamps == sorted(set(stamps))
    gaps = np.diff(stamps) / 1e9
    np.testing.assert_allclose(gaps, [0.1, 0.1 + PAUSE_S] * 2 + [0.1], atol=1e-9)


def test_odometry_goes_on_from_street_to_street(frames):
    bodies = [
        frame.world_from_camera @ np.linalg.inv(body_from_camera(frame.mounting))
        for frame in frames
    ]
    for first, second, former, latter in zip(frames, frames[1:], bodies, bodies[1:], strict=False):
        seconds = (second.stamp_ns - first.stamp_ns) / 1e9
        way = latter[:3, 3] - former[:3, 3]
        assert 0.9 < np.linalg.norm(way) / seconds < 36.0
        heading = way / np.linalg.norm(way)
        assert heading @ former[:3, 0] > 0.99
        assert latter[:3, 0] @ former[:3, 0] > 0.97
        # Up stays up.
        assert latter[2, 2] > 0.99


def test_the_scan_is_in_the_same_time_and_place(frames):
    for frame in frames:
        assert frame.scan.stamp_ns - frame.stamp_ns == 20_000_000
        body = frame.world_from_camera @ np.linalg.inv(body_from_camera(frame.mounting))
        assert 0.018 < np.linalg.norm(frame.scan.body[:3, 3] - body[:3, 3]) < 0.72


def test_the_first_street_lies_where_it_lies_alone(frames):
    alone = next(drive_frames(Drive(replace(CLIP, frames=2))))
    np.testing.assert_array_equal(alone.world_from_camera, frames[0].world_from_camera)


def test_other_streets_have_the_same_camera(frames):
    later = list(drive_frames(Drive(replace(CLIP, frames=4), 2, first=1)))
    for frame, same in zip(later, frames[2:], strict=True):
        np.testing.assert_array_equal(frame.depth, same.depth)
        assert frame.camera == same.camera == frames[0].camera


def test_each_scene_needs_a_frame():
    with pytest.raises(SettingsError, match='7 scenes for 6 frames'):
        Drive(CLIP, 7)


def test_a_turn_belongs_to_its_picture():
    with pytest.raises(SettingsError, match='shorter than the time between two frames'):
        Drive(CLIP, 1, LidarSettings(offset_s=-0.1))


def test_a_road_of_kilometres_goes_on_as_it_began():
    road = Road(swing=0.2, rise=1.0)
    places = [road.pose(along, 0.0) for along in (898.0, 902.0, 2998.0, 3002.0)]
    for former, latter in (places[:2], places[2:]):
        way = latter[:3, 3] - former[:3, 3]
        assert np.linalg.norm(way) == pytest.approx(4.0, rel=1e-3)
        assert way @ former[:3, 0] > 3.99


def test_the_beginning_of_a_road_does_not_depend_on_how_far_one_looks():
    road = Road(swing=0.2)
    near = road.centre_line(np.array([10.0, 700.0]))
    far = road.centre_line(np.array([10.0, 700.0, 2500.0]))
    np.testing.assert_array_equal(near[0], far[0][:2])
    np.testing.assert_array_equal(near[1], far[1][:2])
