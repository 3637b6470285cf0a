"""Intrinsics follow the image."""

import pytest

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError

CAMERA = Camera(640, 480, 500.0, 510.0, 321.0, 239.0)


def test_resizing_multiplies_both_rows():
    resized = CAMERA.resized(320, 120)
    assert (resized.fx, resized.fy, resized.cx, resized.cy) == (250.0, 127.5, 160.5, 59.75)
    assert (resized.width, resized.height) == (320, 120)


def test_cropping_moves_the_centre():
    cropped = CAMERA.cropped(10, 20, 100, 90)
    assert (cropped.cx, cropped.cy, cropped.fx) == (311.0, 219.0, 500.0)


def test_flipping_twice_is_nothing():
    assert CAMERA.flipped().cx == 319.0
    assert CAMERA.flipped().flipped() == CAMERA


def test_assumed_camera():
    assert Camera.assumed(1920, 1080) == Camera(1920, 1080, 1152, 1152, 960, 540)


def test_matrix():
    assert CAMERA.matrix == ((500.0, 0.0, 321.0), (0.0, 510.0, 239.0), (0.0, 0.0, 1.0))


def test_fits_by_aspect():
    assert CAMERA.fits(1280, 960)
    assert not CAMERA.fits(1280, 720)


@pytest.mark.parametrize('changes', [{'fx': 0.0}, {'width': 0}, {'fy': -1.0}])
def test_no_such_camera(changes):
    values = {'width': 4, 'height': 3, 'fx': 1.0, 'fy': 1.0, 'cx': 2.0, 'cy': 1.5} | changes
    with pytest.raises(FrameError, match='must be positive'):
        Camera(**values)


@pytest.mark.parametrize('size', [(2**31, 3), (4, 10**5000)])
def test_no_camera_is_so_large(size):
    assert Camera(2**31 - 1, 2**31 - 1, 1.0, 1.0, 2.0, 1.5).fits(4, 4)
    with pytest.raises(FrameError, match='more than 2147483647 rows or columns'):
        Camera(*size, 1.0, 1.0, 2.0, 1.5)


def test_intrinsics_that_are_no_numbers():
    with pytest.raises(FrameError, match='not finite'):
        Camera(4, 3, float('nan'), 1.0, 2.0, 1.5)
