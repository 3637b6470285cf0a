"""What one picture says of the light: known numbers, glare and what only looks like it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from steps_ros.inference.light import CELLS, measure_light


def night(height: int = 240, width: int = 320) -> np.ndarray:
    """Return a dark street: a gradient from 5 to 30 and a little noise."""
    ramp = np.linspace(5, 30, height)[:, None] * np.ones(width)
    noisy = ramp + np.random.default_rng(0).normal(0, 2, (height, width))
    return np.clip(noisy, 0, 255).astype(np.uint8)[..., None].repeat(3, 2)


def with_lamp(image: np.ndarray, radius: int, halo: float) -> np.ndarray:
    """Return the picture with a white disc in its middle and light that fades round it."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    away = np.maximum(np.hypot(x - width / 2, y - height / 2) - radius, 0)
    light = 255 * np.exp(-away / halo) if halo else 255.0 * (away == 0)
    return np.maximum(image, light[..., None]).astype(np.uint8)


@pytest.mark.parametrize(('value', 'level'), [(0, 1), (2, 2), (90, 90), (255, 255)])
def test_an_even_picture_has_its_own_level(value, level):
    sample = measure_light(np.full((48, 64, 3), value, np.uint8))
    assert sample.level == pytest.approx(level)
    assert sample.under == (value <= 2)
    assert sample.over == (value >= 253)
    assert sample.glare == 0
    np.testing.assert_array_equal(sample.means, np.full(CELLS, value))
    np.testing.assert_array_equal(sample.detail, np.zeros(CELLS))


def test_shares_of_clipped_pixels_are_counted():
    image = np.full((100, 100, 3), 100, np.uint8)
    image[:25], image[25:35] = 0, 255
    sample = measure_light(image)
    assert (sample.under, sample.over) == (pytest.approx(0.25), pytest.approx(0.1))


@pytest.mark.parametrize('size', [(1, 1), (3, 500), (37, 53), (480, 640), (1080, 1920)])
def test_any_size_is_measured(size):
    sample = measure_light(np.full((*size, 3), 40, np.uint8))
    assert sample.level == pytest.approx(40)


def test_a_lamp_with_a_halo_dazzles_and_one_without_does_not():
    assert measure_light(with_lamp(night(), 12, halo=15)).glare > 0.02
    assert measure_light(with_lamp(night(), 12, halo=0)).glare == 0
    assert measure_light(night()).glare == 0


def test_white_by_day_is_no_glare():
    day = np.full((240, 320, 3), 130, np.uint8)
    assert measure_light(with_lamp(day, 30, halo=15)).glare == 0


def test_sky_is_no_glare():
    image = cv2.GaussianBlur(night(), (0, 0), 3)
    fading = np.clip(400 - 4 * np.arange(240), 0, 255).astype(np.uint8)
    image = np.maximum(image, fading[:, None, None])
    sample = measure_light(image)
    assert sample.over > 0.1
    assert sample.glare == 0


def test_neither_headlamps_nor_a_strip_of_sky_make_a_night_a_day():
    plain = measure_light(night()).level
    assert measure_light(with_lamp(night(), 40, halo=25)).level < 2.2 * plain
    narrow, wide = night(), night()
    narrow[:20], wide[:60] = 230, 230
    assert measure_light(narrow).level == pytest.approx(plain, rel=0.2)
    # A quarter of bright sky above a dark road is dusk at most.
    assert measure_light(wide).level < 95


def test_detail_is_the_range_of_a_cells_parts():
    image = np.full((120, 160, 3), 20, np.uint8)
    image[10:15, 10:15] = 120
    sample = measure_light(image)
    assert sample.detail[1, 1] == pytest.approx(100, abs=1)
    assert sample.means[1, 1] == pytest.approx(20 + 100 / 4, abs=1)
    assert sample.detail.sum() == sample.detail[1, 1]


def test_real_nights_are_dark_and_real_days_are_not(shared_data):
    levels = {
        name: [
            measure_light(cv2.imread(str(path))[..., ::-1]).level
            for path in sorted((shared_data / name).glob('*.jpg'))[::5]
        ]
        for name in ('night_dashcam', 'robotcar_night_11f', 'robotcar_day_11f')
    }
    assert max(levels['night_dashcam'] + levels['robotcar_night_11f']) < 30
    assert min(levels['robotcar_day_11f']) > 130
