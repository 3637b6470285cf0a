"""
Quaternions, interpolation and tracks, by numbers known beforehand.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from steps_ros.data import poses
from steps_ros.data.poses import interpolated, inverse, KEPT_NS, matrix_of, pose_matrix, PoseTrack
from steps_ros.errors import FrameError

SECOND = 1_000_000_000
HALF = math.sqrt(0.5)


def ahead(metres):
    return matrix_of((metres, 0, 0), (1, 0, 0, 0))


def test_quarter_turn_to_the_left():
    turned = matrix_of((1, 2, 3), (HALF, 0, 0, HALF))
    np.testing.assert_allclose(turned @ (1, 0, 0, 1), (1, 3, 3, 1), atol=1e-12)


def test_length_of_a_quaternion_is_no_matter():
    np.testing.assert_allclose(
        matrix_of((0, 0, 0), (2, 0, 0, 2)), matrix_of((0, 0, 0), (1, 0, 0, 1))
    )


def test_message_order_is_x_y_z_w():
    position = SimpleNamespace(x=1.0, y=2.0, z=3.0)
    orientation = SimpleNamespace(x=0.0, y=0.0, z=HALF, w=HALF)
    np.testing.assert_array_equal(
        pose_matrix(position, orientation), matrix_of((1, 2, 3), (HALF, 0, 0, HALF))
    )


@pytest.mark.parametrize(
    ('position', 'quaternion'),
    [
        ((0, 0, 0), (0, 0, 0, 0)),
        ((0, 0, 0), (math.nan, 0, 0, 1)),
        ((math.inf, 0, 0), (1, 0, 0, 0)),
    ],
)
def test_no_pose(position, quaternion):
    with pytest.raises(FrameError, match='is none'):
        matrix_of(position, quaternion)


def test_half_way_is_half_the_angle():
    first, second = matrix_of((0, 0, 0), (1, 0, 0, 0)), matrix_of((2, 0, 0), (HALF, 0, 0, HALF))
    middle = interpolated(first, second, 0.5)
    expected = matrix_of((1, 0, 0), (math.cos(math.pi / 8), 0, 0, math.sin(math.pi / 8)))
    np.testing.assert_allclose(middle, expected, atol=1e-12)
    np.testing.assert_allclose(interpolated(first, second, 1.0), second, atol=1e-12)


def test_inverse():
    pose = matrix_of((1, 2, 3), (0.5, 0.5, -0.5, 0.5))
    np.testing.assert_allclose(inverse(pose) @ pose, np.eye(4), atol=1e-12)


def test_track_between_and_beyond():
    track = PoseTrack()
    assert track.at(0) is None
    for index in range(5):
        track.add(index * SECOND // 10, ahead(index))
    assert track.newest_ns == 4 * SECOND // 10
    assert track.at(SECOND // 10)[0, 3] == 1
    assert track.at(SECOND // 4)[0, 3] == pytest.approx(2.5)
    # A tenth of a second goes on at the same speed on both sides, and no more.
    assert track.at(SECOND // 2)[0, 3] == pytest.approx(5)
    assert track.at(-SECOND // 10)[0, 3] == pytest.approx(-1)
    assert track.at(SECOND // 2 + 1) is None
    assert track.at(-SECOND // 10 - 1) is None


def test_speed_beyond_the_end_is_that_of_more_than_two_close_poses():
    track = PoseTrack()
    for index in range(100):
        noise = 0.01 if index == 99 else 0.0
        track.add(index * SECOND // 1000, ahead(index * 0.01 + noise))
    # By the last two poses alone it would be 20 m/s.
    assert track.at(149 * SECOND // 1000)[0, 3] == pytest.approx(1.0 + 0.05 * 10.2, abs=1e-6)


def test_track_does_not_bridge_a_gap():
    track = PoseTrack()
    track.add(0, ahead(0))
    track.add(2 * SECOND, ahead(20))
    assert track.at(SECOND) is None
    assert track.at(2 * SECOND)[0, 3] == 20


def test_track_forgets():
    track = PoseTrack()
    for index in range(5000):
        track.add(index * SECOND // 50, ahead(index))
    assert len(track) <= 2 * KEPT_NS // (SECOND // 50) + 2
    assert track.at(0) is None
    track.add(track.newest_ns - SECOND, ahead(-1))
    assert track.newest_ns == 4999 * SECOND // 50


def test_track_begins_anew_where_its_clock_was_set_back():
    track = PoseTrack()
    for stamp in (10.0, 10.1, 500.0):
        track.add(round(stamp * SECOND), ahead(stamp))
    assert track.is_leap(10 * SECOND)
    assert not track.is_leap(499 * SECOND)
    track.add(round(10.2 * SECOND), ahead(1))
    track.add(round(10.3 * SECOND), ahead(2))
    assert len(track) == 2
    assert track.at(round(10.25 * SECOND))[0, 3] == pytest.approx(1.5)


def test_a_track_is_no_longer_than_its_limit(monkeypatch):
    monkeypatch.setattr(poses, 'MOST_POSES', 100)
    track = PoseTrack()
    for stamp_ns in range(1000):
        track.add(stamp_ns, np.eye(4))
    assert 50 <= len(track) <= 100
    assert track.at(999) is not None
    assert track.at(960) is not None
