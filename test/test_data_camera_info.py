"""The camera of a picture: raw or rectified, all of the sensor, a region of it, or binned."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.data.camera_info import is_raw, is_rectified, view_from_info
from steps_ros.errors import FrameError

K = (500.0, 0.0, 321.0, 0.0, 510.0, 242.0, 0.0, 0.0, 1.0)
P = (450.0, 0.0, 318.0, 7.0, 0.0, 455.0, 239.0, 0.0, 0.0, 0.0, 1.0, 0.0)
EYE = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
TURN = (0.0, 0.0, 1.0, 0.0, 1.0, 0.0, -1.0, 0.0, 0.0)
D = (-0.3, 0.1, 0.0, 0.0, 0.0)
CAMERA = Camera(640, 480, 500.0, 510.0, 321.0, 242.0, distortion=D)
STRAIGHT = Camera(640, 480, 450.0, 455.0, 318.0, 239.0)


def info(region=(0, 0, 0, 0), binning=(0, 0), **changed):
    left, top, width, height = region
    roi = SimpleNamespace(x_offset=left, y_offset=top, width=width, height=height)
    fields = {
        'width': 640, 'height': 480, 'distortion_model': 'plumb_bob', 'k': K, 'd': D, 'r': EYE,
        'p': P, 'roi': roi, 'binning_x': binning[0], 'binning_y': binning[1],
    }  # fmt: skip
    return SimpleNamespace(**{**fields, **changed})


def test_raw_pictures_have_k_and_d_and_rectified_ones_p():
    raw, rectified = (view_from_info(info(), seen) for seen in (False, True))
    assert (raw.camera, raw.straight) == (CAMERA, STRAIGHT)
    assert (rectified.camera, rectified.straight) == (STRAIGHT, None)
    assert (raw.rotation == np.eye(3)).all()


def test_the_first_generation_of_ros_writes_in_capitals():
    fields = vars(info())
    old = SimpleNamespace(**{name.upper() if name in 'kdrp' else name: fields[name]
                             for name in fields})  # fmt: skip
    assert view_from_info(old, False).camera == CAMERA
    assert view_from_info(old, True).camera == STRAIGHT


def test_uncalibrated_is_none():
    assert view_from_info(info(k=(0.0,) * 9), False) is None
    assert view_from_info(info(width=0), False) is None
    assert view_from_info(info(p=(0.0,) * 12), True) is None


def test_what_p_does_not_say_is_left_to_the_coefficients():
    for changed in ({'p': (0.0,) * 12}, {'p': (np.nan, *P[1:])}, {'r': TURN}, {'r': (1.0,) * 9}):
        view = view_from_info(info(**changed), False)
        assert (view.camera, view.straight) == (CAMERA, None)
    assert view_from_info(info(r=(0.0,) * 9), False).straight == STRAIGHT


def test_a_rectified_picture_looks_where_r_turns():
    assert (view_from_info(info(r=TURN), True).rotation == np.reshape(TURN, (3, 3))).all()
    assert (view_from_info(info(r=(0.0,) * 9), True).rotation == np.eye(3)).all()


@pytest.mark.parametrize('rectified', [False, True])
@pytest.mark.parametrize(
    ('region', 'binning', 'size', 'scale', 'corner'),
    [
        ((0, 0, 640, 480), (1, 1), (640, 480), (1, 1), (0, 0)),
        ((0, 0, 0, 0), (2, 2), (320, 240), (2, 2), (0, 0)),
        ((100, 40, 320, 200), (0, 0), (320, 200), (1, 1), (100, 40)),
        ((100, 40, 321, 200), (2, 4), (160, 50), (2, 4), (100, 40)),
    ],
)
def test_a_point_is_where_the_sensor_shows_it(rectified, region, binning, size, scale, corner):
    full = STRAIGHT if rectified else CAMERA
    view = view_from_info(info(region, binning), rectified)
    camera = view.camera
    assert (camera.width, camera.height) == size
    assert camera.distortion == full.distortion
    x, y = 0.3, -0.2
    column, row = full.fx * x + full.cx, full.fy * y + full.cy
    assert camera.fx * x + camera.cx == pytest.approx((column - corner[0]) / scale[0])
    assert camera.fy * y + camera.cy == pytest.approx((row - corner[1]) / scale[1])
    if not rectified:
        assert replace(view.straight, fx=1, fy=1, cx=0, cy=0) == Camera(*size, 1, 1, 0, 0)


@pytest.mark.parametrize(
    ('changed', 'rectified', 'message'),
    [
        ({'k': (np.nan, *K[1:])}, False, 'not finite'),
        ({'k': (-500.0, *K[1:])}, False, 'must be positive'),
        ({'k': (0.8, *K[1:])}, False, 'K with fx 0.8 .* does not fit pictures of 640x480; cal'),
        ({'d': (np.inf, 0, 0, 0, 0)}, False, 'not finite'),
        ({'p': (450.0, 0.0, 960.0, *P[3:])}, True, 'P with fx 450 .* cx 960 .* does not fit pict'),
        ({'p': (-1.0, *P[1:])}, True, 'must be positive'),
        ({'r': (1.0,) * 9}, True, 'R of camera_info is no rotation'),
        ({'region': (600, 0, 64, 480)}, False, r'interest 64x480 at \(600, 0\) of 640x480'),
        ({'region': (10, 10, 0, 0)}, False, 'all zeros for the whole picture'),
        ({'binning': (1000, 1)}, False, 'binning 1000x1 of 640x480 pixels'),
    ],
)
def test_what_cannot_be_is_one_line(changed, rectified, message):
    with pytest.raises(FrameError, match=message) as caught:
        view_from_info(info(**changed), rectified)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('topic', 'raw', 'rectified'),
    [
        ('/front/image_raw', True, False),
        ('/front/image_raw/compressed', True, False),
        ('/front/image_rect', False, True),
        ('/front/image_rect_color/compressed', False, True),
        ('/infra1/image_rect_raw', False, True),
        ('/zed/rgb/color/rect/image', False, True),
        ('/direct/image', False, False),
        ('/front/image', False, False),
    ],
)
def test_names_tell_raw_from_rectified(topic, raw, rectified):
    assert (is_raw(topic), is_rectified(topic)) == (raw, rectified)
