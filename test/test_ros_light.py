"""What the node says of the light: the state when all is well, the gravest trouble when not."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('diagnostic_msgs', reason='ROS messages are not installed')

from diagnostic_msgs.msg import DiagnosticStatus

from steps_ros.inference.light import CELLS, LightSample
from steps_ros.inference.light_state import follow_light, LightSettings
from steps_ros.ros.light import light_status, LightWatch

SETTINGS = LightSettings()


def status(level=20.0, under=0.0, over=0.0, glare=0.0, detail=50.0, quiet=0):
    means = np.zeros(CELLS, np.float32)
    sample = LightSample(level, under, over, glare, means, np.full(CELLS, detail, np.float32))
    track = None
    for stamp_s in (0.0, 1.0, 2.0):
        track = follow_light(track, stamp_s, sample, SETTINGS)
    track.blockage.quiet_s[-quiet or CELLS[0] :] = 60.0
    return light_status('cam', track, SETTINGS)


def test_a_good_night_is_ok_with_all_numbers():
    found = status()
    assert (found.level, found.message) == (DiagnosticStatus.OK, 'night, enhancer at 100 %')
    assert found.name == 'cam: light'
    values = {item.key: item.value for item in found.values}
    assert values == {
        'state': 'night',
        'mode': 'auto',
        'enhancement': '1.000',
        'level': '20.000',
        'under_exposed': '0.000',
        'over_exposed': '0.000',
        'glare': '0.000',
        'blocked': '0.000',
    }


@pytest.mark.parametrize(
    ('seen', 'message'),
    [
        ({'glare': 0.15}, 'night, 15 % of the picture is glare'),
        ({'level': 130, 'over': 0.4}, 'day, 40 % of the picture is overexposed'),
        ({'under': 0.9}, 'night, 90 % of the picture is black'),
        ({'quiet': 3, 'glare': 0.5}, '25 % of the picture never changes; clean the lens'),
        ({'detail': 1, 'under': 1}, 'the picture is black and shows nothing'),
        ({'detail': 1, 'over': 1}, 'the picture is white and shows nothing'),
        ({'detail': 1}, 'the picture is even and shows nothing; is the lens covered?'),
    ],
)
def test_trouble_is_a_warning(seen, message):
    found = status(**seen)
    assert found.level == DiagnosticStatus.WARN
    assert message in found.message


def test_before_the_first_picture_nothing_is_claimed():
    watch = LightWatch('cam', lambda status: None)
    assert 'not measured' in watch.status(SETTINGS, '').message


def test_a_change_is_told_at_once_and_only_then():
    told = []
    watch = LightWatch('cam', told.append)
    for number, value in enumerate([130] * 5 + [20] * 30):
        image = np.full((48, 64, 3), value, np.uint8)
        image[:, ::4] = 2 * value - 10
        watch.follow(image, 0.1 * number, SETTINGS, '')
    assert [item.values[0].value for item in told] == ['day', 'night']
