"""Covered parts of the lens, told over time, and what only looks like them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from steps_ros.inference.light import measure_light
from steps_ros.inference.light_state import blocked_share, follow_light, LightSettings
from steps_ros.sim.clip import simulate_clip
from steps_ros.sim.settings import ClipSettings

SETTINGS = LightSettings(blocked_s=5.0)
SIZE = (120, 160)


def passing(number: int, base: int = 90) -> np.ndarray:
    """Return a picture of a street that passes: blocks that move by ten pixels a picture."""
    random = np.random.default_rng(0)
    street = cv2.resize(
        random.integers(base - 60, base + 60, (40, 200), np.uint8), (1600, SIZE[0])
    )
    return street[:, 10 * number : 10 * number + SIZE[1], None].repeat(3, 2)


def dirty(image: np.ndarray, rows: slice, columns: slice, value: int = 30) -> np.ndarray:
    image = image.copy()
    noise = np.random.default_rng(0).normal(value, 3, image[rows, columns].shape)
    image[rows, columns] = np.clip(noise, 0, 255)
    return image


def share(pictures, settings=SETTINGS, bonnet=()) -> float:
    track = None
    for number, picture in enumerate(pictures):
        track = follow_light(track, 0.25 * number, measure_light(picture), settings)
    return blocked_share(track, settings, bonnet)


def test_a_clean_lens_is_not_blocked():
    assert share(passing(number) for number in range(60)) == 0


def test_dirt_counts_after_its_time():
    patch = slice(70, 100), slice(60, 100)
    pictures = [dirty(passing(number), *patch) for number in range(60)]
    assert share(pictures[:16]) == 0
    # 3 x 4 whole cells of 12 x 16.
    assert share(pictures) == pytest.approx(12 / 192)


def test_dirt_that_is_wiped_away_is_forgotten():
    patch = slice(70, 100), slice(60, 100)
    pictures = [dirty(passing(number), *patch) for number in range(50)]
    assert share([*pictures, passing(50)]) == 0


def test_the_own_bonnet_is_not_blocked():
    pictures = [dirty(passing(number), slice(90, 120), slice(0, 160)) for number in range(60)]
    assert share(pictures) == 0.25
    assert share(pictures, bonnet=((0, 0.75), (1, 0.75), (1, 1), (0, 1))) == 0


def test_nothing_is_learned_while_standing():
    standing = dirty(passing(0), slice(70, 100), slice(60, 100))
    assert share([standing] * 80) == 0


def test_an_exposure_that_swings_while_standing_is_no_movement():
    standing = dirty(passing(0), slice(70, 100), slice(60, 100)).astype(float)
    swings = 1 + 0.15 * np.sin(0.5 * np.arange(80))
    assert share((standing * swing).astype(np.uint8) for swing in swings) == 0


def test_mud_is_found_on_a_simulated_night_drive_and_a_clean_lens_is_not():
    street = ClipSettings(11, 0, frames=20, height=48, width=80, time='night', rate_hz=4.0)
    clean = [frame.image for frame in simulate_clip(street)]
    standing = [*clean, *clean[-1:] * 240]
    settings = LightSettings(blocked_s=3.0)
    assert share(standing, settings) == 0
    muddy = [image.copy() for image in clean]
    for image in muddy:
        image[28:40, 20:40] = 12
    # 3 x 4 whole cells of 12 x 16.
    assert share(muddy, settings) == pytest.approx(12 / 192)


def test_sky_below_a_wire_is_sky():
    def sky(number: int) -> np.ndarray:
        picture = dirty(passing(number), slice(0, 60), slice(0, 160))
        picture[:10, 40:80] = passing(number)[:10, 40:80]
        return picture

    assert share(map(sky, range(60))) == 0


def test_sky_is_not_blocked_and_dirt_below_the_middle_is():
    assert share(dirty(passing(n), slice(0, 60), slice(0, 160)) for n in range(60)) == 0
    assert share(dirty(passing(n), slice(60, 120), slice(0, 80)) for n in range(60)) == 0.25


@pytest.mark.parametrize('value', [0, 40, 255])
def test_a_picture_that_shows_nothing_is_blocked_within_two_seconds(value):
    blank = np.full((*SIZE, 3), value, np.uint8)
    seen = [passing(number) for number in range(8)]
    assert share([*seen, *[blank] * 3]) == 0
    assert share([*seen, *[blank] * 8]) == 1
    assert share([*[blank] * 8, passing(0)]) == 0


@pytest.mark.parametrize('name', ['night_dashcam', 'robotcar_night_11f', 'robotcar_day_11f'])
def test_real_drives_are_clean(shared_data, name):
    paths = sorted((shared_data / name).glob('*.jpg'))[:12]
    pictures = (cv2.imread(str(path))[..., ::-1] for path in paths)
    assert share(pictures, LightSettings(blocked_s=2.0)) < 0.05
