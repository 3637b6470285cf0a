"""A camera's exposure: what it is for a picture, and how it follows a drive."""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np
import pytest

from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.exposure import exposure_gain, followed
from steps_ros.sim.sensor import draw_sensor
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.tone import toned, white_share

LIGHT = np.exp(np.random.default_rng(2).normal(0, 1.5, (36, 48, 3))).astype(np.float32)


def plain(generator, time):
    """Return a camera whose lens does nothing."""
    sensor = draw_sensor(generator, time)
    optics = replace(
        sensor.optics, glare=0.0, streaks=0.0, dirt=0.0, vignetting=0.0, softness=0.05
    )
    return replace(sensor, optics=optics, most_gain=1e6)


@pytest.mark.parametrize('time', ['night', 'day'])
def test_exposure_meets_its_level_or_stops_at_its_highlights(time):
    generator = np.random.default_rng(2)
    for _ in range(8):
        sensor = plain(generator, time)
        picture = toned(LIGHT * np.float32(exposure_gain(LIGHT, sensor)), sensor.tone)
        metered = picture[int(36 * sensor.meters_below) :]
        is_dark = np.median(metered) * 255 < sensor.shadows
        allowed = sensor.highlights * (3 if is_dark else 1)
        level = metered.mean() * 255
        assert level <= sensor.mean_level * 1.01
        assert white_share(picture) <= allowed
        assert level > 0.99 * sensor.mean_level or white_share(picture) + 2 / 1728 > allowed


def test_no_camera_can_do_more_than_its_amplifier():
    sensor = replace(plain(np.random.default_rng(1), 'night'), most_gain=0.5)
    assert exposure_gain(np.full((24, 32, 3), 1e-4, np.float32), sensor) == pytest.approx(
        0.5, rel=1e-3
    )


def test_what_a_lens_scatters_is_metered():
    light = np.full((48, 64, 3), 0.5, np.float32)
    light[20:24, 30:34] = 2000.0
    sensor = plain(np.random.default_rng(4), 'night')
    dirty = replace(sensor, optics=replace(sensor.optics, glare=2.5, dirt=1.0))
    assert exposure_gain(light, dirty) < exposure_gain(light, sensor)


def test_a_gain_follows_slowly_and_knows_nothing_of_what_comes():
    def metered(second):
        assert 0 <= second <= seconds
        return 1.0 if second < 5 else 8.0

    found = []
    for seconds in np.arange(0, 12, 0.1):
        found.append(followed(metered, 2.0, float(seconds)))
    steps = np.diff(np.log(found))
    assert found[0] == found[50] == 1.0
    assert found[-1] == pytest.approx(8.0)
    assert 0 <= steps.min() <= steps.max() < 0.11 * math.log(8) / 2


def test_neighbouring_pictures_of_a_drive_are_as_bright():
    first, second = simulate_clip(ClipSettings(seed=3, frames=2, height=48, width=80))
    assert second.image.mean() == pytest.approx(first.image.mean(), rel=0.2)
