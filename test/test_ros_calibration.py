"""How pictures are seen: rectified here, before, or not at all, and every reason not to know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from steps_ros.core.camera import Camera
from steps_ros.inference.prediction import Prediction
from steps_ros.ros import calibration
from steps_ros.ros.calibration import Calibration, sight_of
from steps_ros.ros.messages import camera_info_message

RAW, RECT, PLAIN = '/front/image_raw', '/front/image_rect_color', '/front/image'
SIZE = (64, 48)
D = (-0.2, 0.02, 0.0, 0.0, 0.0)
BENT = Camera(*SIZE, 40.0, 41.0, 32.0, 24.0, 'plumb_bob', D)
STRAIGHT = Camera(*SIZE, 36.0, 37.0, 31.0, 23.0)
IMAGE = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)


def info(camera=BENT, seen=STRAIGHT, **changed):
    """Return the camera_info of a calibrated camera; P is zero without ``seen``."""
    message = camera_info_message(Header(), camera)
    message.p = np.zeros(12)
    if seen is not None:
        message.p = camera_info_message(Header(), seen).p
    for name, value in changed.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(
    ('camera', 'topic', 'expect_rectified', 'seen', 'picture'),
    [
        (BENT, RAW, False, STRAIGHT, 'rectified here: plumb_bob'),
        (BENT, PLAIN, False, STRAIGHT, 'rectified here: plumb_bob'),
        (BENT, RECT, False, STRAIGHT, 'rectified before'),
        (BENT, PLAIN, True, STRAIGHT, 'rectified before'),
        (STRAIGHT, RAW, False, STRAIGHT, 'without distortion'),
    ],
)
def test_the_camera_of_raw_and_of_rectified_pictures(
    camera, topic, expect_rectified, seen, picture
):
    sight = sight_of(info(camera), topic, SIZE, expect_rectified)
    assert (sight.camera, sight.state, sight.picture) == (seen, 'calibrated', picture)
    is_here = picture.startswith('rectified here')
    assert (sight.rectification is not None) == is_here
    assert (sight.straightened(IMAGE) is IMAGE) != is_here


def test_without_p_the_picture_is_filled():
    sight = sight_of(info(seen=None), RAW, SIZE, False)
    assert sight.state == 'calibrated'
    assert sight.rectification.inside is None
    assert sight.camera.distortion == ()


def test_a_smaller_picture_than_that_of_camera_info_has_a_smaller_camera():
    sight = sight_of(info(), RAW, (32, 24), False)
    assert sight.camera == STRAIGHT.resized(32, 24)
    assert sight.straightened(IMAGE[::2, ::2]).shape == (24, 32, 3)


def test_region_and_binning_are_those_of_the_picture():
    message = info(binning_x=2, binning_y=2)
    message.roi.x_offset, message.roi.y_offset = 16, 8
    message.roi.width, message.roi.height = 40, 32
    sight = sight_of(message, RAW, (20, 16), False)
    assert sight.camera == STRAIGHT.cropped(16, 8, 40, 32).binned(2, 2)


@pytest.mark.parametrize(
    ('message', 'topic', 'expect_rectified', 'said'),
    [
        (None, RAW, False, 'no camera_info received'),
        (CameraInfo(), RAW, False, 'K[0] = 0'),
        (info(seen=None), RECT, False, 'P[0] = 0'),
        (info(distortion_model='omni'), RAW, False, "distortion model 'omni' is not known"),
        (info(d=[0.1, 0.2]), RAW, False, "'plumb_bob' with 2 coefficients"),
        (info(d=[50.0, 900, 3, 9, 0], p=np.zeros(12)), RAW, False, 'does not fit a picture'),
        (info(k=[-1.0, *BENT.matrix[0][1:], *[1.0] * 6]), RAW, False, 'must be positive'),
        (info(binning_x=100), RAW, False, 'binning 100x1'),
        (info(width=100), RAW, False, 'camera_info is of 100x48, the image 64x48'),
    ],
)
def test_a_picture_whose_camera_is_not_known_stays_as_it_is(
    message, topic, expect_rectified, said
):
    sight = sight_of(message, topic, SIZE, expect_rectified)
    assert said in sight.state
    assert 'depth without cloud' in sight.state
    assert '\n' not in sight.state
    assert (sight.camera, sight.picture) == (None, 'as it came')
    assert sight.straightened(IMAGE) is IMAGE


def test_a_raw_topic_that_is_said_to_be_rectified_is_taken_so_and_doubted():
    sight = sight_of(info(), RAW, SIZE, True)
    assert sight.camera == STRAIGHT
    assert f'expect_rectified is true and {RAW} is named raw' in sight.state


@pytest.mark.parametrize(
    ('camera', 'seen', 'topic', 'is_doubted'),
    [
        (BENT, BENT, PLAIN, True),
        (BENT, STRAIGHT, PLAIN, False),
        (STRAIGHT, STRAIGHT, PLAIN, False),
        (BENT, BENT, RECT, True),
    ],
)
def test_the_camera_info_of_raw_pictures_is_doubted_where_they_are_said_to_be_rectified(
    camera, seen, topic, is_doubted
):
    sight = sight_of(info(camera, seen), topic, SIZE, True)
    assert sight.camera == replace(seen, distortion=())
    assert ('D of camera_info bends and P is K' in sight.state) == is_doubted
    assert (sight.state == 'calibrated') != is_doubted
    assert sight_of(info(camera, seen), RECT, SIZE, False).state == 'calibrated'


def test_maps_are_made_once_and_anew_when_something_changes(monkeypatch):
    made = []

    def counted(*arguments):
        made.append(arguments)
        return sight_of(*arguments)

    monkeypatch.setattr(calibration, 'sight_of', counted)
    kept = Calibration(RAW)
    first = kept.of(info(), SIZE, False)
    stamped = info()
    stamped.header.stamp.sec = 5
    assert kept.of(stamped, SIZE, False) is first
    assert len(made) == 1
    for number, arguments in enumerate(
        [(info(seen=None), SIZE), (info(binning_x=2), SIZE), (info(), (32, 24))], 2
    ):
        kept.of(*arguments, False)
        assert len(made) == number


def test_what_the_picture_does_not_show_is_unknown_at_every_size():
    wide = sight_of(info(seen=Camera(*SIZE, 24.0, 24.0, 32.0, 24.0)), RAW, SIZE, False)
    shown = wide.rectification.inside
    assert 0.2 < shown.mean() < 0.9
    for scale in (1, 2):
        height, width = 48 // scale, 64 // scale
        depth = np.full((height, width), 5, np.float32)
        confidence, enhanced = depth / 5, np.full((height, width, 3), 200, np.uint8)
        wide.blank(Prediction(enhanced, depth, confidence, None))
        expected = shown[::scale, ::scale]
        assert (np.isfinite(depth) == expected).all()
        assert ((confidence == 1) == expected).all()
        assert ((enhanced == 200).all(-1) == expected).all()
    wide.blank(Prediction(None, None, None, None))
