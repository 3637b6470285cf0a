"""Pictures at another size: means where they shrink, and no tricks that show."""

import cv2
import numpy as np
import pytest

from steps_ros.resizing import HALVED_FROM, resize_image


def test_equal_size_is_untouched():
    picture = np.zeros((8, 8, 3), np.uint8)
    assert resize_image(picture, 8, 8) is picture


@pytest.mark.parametrize('factor', [2, HALVED_FROM, 4, 8])
def test_shrinking_takes_area_means(factor):
    rng = np.random.default_rng(factor)
    picture = rng.integers(0, 256, (6 * factor, 10 * factor, 3), np.uint8)
    means = picture.reshape(6, factor, 10, factor, 3).mean((1, 3))
    found = resize_image(picture, 6, 10)
    # Where cells cut through pairs of pixels, each gets half of what the pair has in common.
    furthest = 1 if factor % 2 == 0 else 60
    assert np.abs(found - means).max() <= furthest
    assert found.mean() == pytest.approx(means.mean(), abs=0.3)


@pytest.mark.parametrize('size', [(900, 1600), (901, 1601), (1080, 1920), (480, 640), (96, 160)])
def test_a_picture_hardly_differs_from_its_exact_means(size):
    coarse = np.random.default_rng(0).integers(0, 255, (48, 80, 3), np.uint8)
    picture = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    way = cv2.INTER_AREA if size[0] > 192 else cv2.INTER_LINEAR
    exact = cv2.resize(picture, (320, 192), interpolation=way).astype(int)
    assert np.abs(resize_image(picture, 192, 320) - exact).mean() < 1


def test_grey_pictures_stay_flat():
    assert resize_image(np.zeros((60, 100), np.uint8), 6, 10).shape == (6, 10)
