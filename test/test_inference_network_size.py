"""Multiples of 32 with the shape of the picture."""

from __future__ import annotations

import pytest

from steps_ros.errors import SettingsError
from steps_ros.inference.network_size import checked, fitting_size, rounded


@pytest.mark.parametrize(
    ('image', 'expected'),
    [
        ((192, 320), (192, 320)),
        ((480, 640), (224, 288)),
        ((900, 1600), (192, 320)),
        ((375, 1242), (128, 448)),
        ((1280, 720), (320, 192)),
    ],
)
def test_the_picture_keeps_its_shape(image, expected):
    height, width = image
    found = fitting_size(width / height, (192, 320))
    assert found == expected
    assert found[1] / found[0] == pytest.approx(width / height, rel=0.08)
    assert found[0] * found[1] == pytest.approx(192 * 320, rel=0.1)


def test_a_strip_is_no_lower_than_networks_take():
    assert fitting_size(10.0, (64, 96))[0] == 64


def test_lengths_are_rounded_up():
    assert [rounded(length) for length in (1, 64, 65, 96)] == [64, 64, 96, 96]


def test_a_size_that_cannot_be_is_refused():
    with pytest.raises(SettingsError, match='try 192x320'):
        checked((190, 320))
    assert checked(None) is None


def test_a_size_of_gigapixels_is_refused():
    assert checked((8192, 8192)) == (8192, 8192)
    with pytest.raises(SettingsError, match=r'size 32000x32000 has .*STEPS_ROS_MAX_IMAGE_PIXELS'):
        checked((32000, 32000))
