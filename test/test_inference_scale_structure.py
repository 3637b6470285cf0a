"""What of pictures is of the world: contrast alike everywhere, without what is in all of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from steps_ros.inference.scale.structure import LEAST_PICTURES, MOST_PICTURES, NOISE, Structure


def picture(seed, contrast=60.0, level=100.0, size=(64, 96)):
    noise = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    image = np.clip(level + contrast * smooth / smooth.std(), 0, 255).astype(np.uint8)
    return np.repeat(image[..., None], 3, 2)


@pytest.mark.parametrize(('contrast', 'least', 'most'), [(40, 0.7, 1.1), (1.0, 0.02, 0.35)])
def test_contrast_is_raised_to_one_but_noise_is_not(contrast, least, most):
    found = Structure().of(picture(0, contrast))
    assert found.dtype == np.float32
    assert least < found.std() < most
    assert found.mean() == pytest.approx(0, abs=0.1)


def test_the_formula():
    image = picture(1)
    grey = cv2.GaussianBlur(image[..., 0].astype(np.float32), (0, 0), 1.0)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 6.0)
    deviation = np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), 6.0))
    assert NOISE == 4.0
    np.testing.assert_allclose(Structure().of(image), detail / (deviation + 4), atol=1e-3)


def test_what_is_in_all_pictures_is_taken_away():
    pattern = picture(7, 30.0, 0.0)
    structure = Structure()
    pictures = [cv2.add(picture(seed, 25.0), pattern) for seed in range(20)]
    for image in pictures:
        structure.add(image)
    shared = Structure().of(cv2.add(np.full_like(pattern, 100), pattern))

    def likeness(found):
        return np.corrcoef(found.ravel(), shared.ravel())[0, 1]

    assert likeness(Structure().of(pictures[-1])) > 0.4
    assert abs(likeness(structure.of(pictures[-1]))) < 0.2


def test_it_is_ready_after_four_pictures_of_one_size():
    structure = Structure()
    assert not structure.is_ready
    states = []
    for number in range(6):
        structure.add(picture(number))
        states.append(structure.is_ready)
    assert LEAST_PICTURES == 4
    assert states == [False, False, False, True, True, True]
    structure.add(picture(9, size=(32, 48)))
    assert not structure.is_ready
    # A picture of another size is looked at without what is known.
    found = structure.of(picture(1))
    np.testing.assert_array_equal(found, Structure().of(picture(1)))


def test_the_newest_picture_counts_a_twentieth_at_least():
    black, grey = np.zeros((24, 32, 3), np.uint8), np.full((24, 32, 3), 100, np.uint8)
    assert MOST_PICTURES == 20
    structure = Structure()
    for _ in range(50):
        structure.add(black)
    structure.add(grey)
    assert structure._mean.mean() == pytest.approx(100 / 20)
    few = Structure()
    for image in (black, black, grey):
        few.add(image)
    assert few._mean.mean() == pytest.approx(100 / 3)
