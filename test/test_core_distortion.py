"""Lenses that bend, lenses that do not, and coefficients that no lens has."""

from __future__ import annotations

import pytest

from steps_ros.core.camera import Camera
from steps_ros.core.distortion import coefficients, is_bent, is_fisheye
from steps_ros.errors import FrameError


def lens(model, *distortion):
    return Camera(64, 48, 40.0, 40.0, 32.0, 24.0, model, distortion)


@pytest.mark.parametrize(
    ('camera', 'bent', 'fisheye'),
    [
        (lens('plumb_bob'), False, False),
        (lens('plumb_bob', 0.0, 0.0, 0.0, 0.0, 0.0), False, False),
        (lens('plumb_bob', 0.1, 0.0, 0.0, 0.0, 0.0), True, False),
        (lens('rational_polynomial', *[0.0] * 7, 0.1), True, False),
        (lens('equidistant'), False, False),
        (lens('equidistant', 0.0, 0.0, 0.0, 0.0), True, True),
        (lens('omni', 0.0), False, False),
    ],
)
def test_which_lenses_bend(camera, bent, fisheye):
    assert (is_bent(camera), is_fisheye(camera)) == (bent, fisheye)


@pytest.mark.parametrize(
    ('camera', 'message'),
    [
        (lens('omni', 0.1), "'omni' is not known, only plumb_bob, rational_polynomial and equidi"),
        (lens('plumb_bob', 0.1, 0.2, 0.3), 'with 3 coefficients: it has 4 or 5 or 8 or 12 or 14;'),
        (lens('equidistant', *[0.1] * 5), "'equidistant' with 5 coefficients: it has 4; calibr"),
    ],
)
def test_what_is_no_lens_is_one_line(camera, message):
    with pytest.raises(FrameError, match=message) as caught:
        coefficients(camera)
    assert '\n' not in str(caught.value)
