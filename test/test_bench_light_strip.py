"""Strips of light: the words, the time that a state is wrong, a picture of a made-up drive."""

from __future__ import annotations

import numpy as np

from steps_ros.bench.light_drives import follow, LitFrame, longest_error_s
from steps_ros.bench.light_strip import strip, told
from steps_ros.inference.light_state import LightSettings, LightState


def made_up():
    """Yield three seconds of day and five of night, ten pictures a second."""
    for number in range(80):
        is_day = number < 30
        image = np.full((48, 80, 3), 130 if is_day else 20, np.uint8)
        image[:, ::5] //= 2
        yield LitFrame(0.1 * number, image, LightState.DAY if is_day else LightState.NIGHT)


def test_a_drive_is_told_and_drawn():
    followed = follow(made_up(), LightSettings())
    assert 0.85 < longest_error_s(followed) < 1.05
    assert told(followed).startswith('1 changes, wrong for ')
    drawn = strip('made up', followed, LightSettings())
    assert drawn.dtype == np.uint8
    assert drawn.shape[1:] == (1000, 3)
