"""
Frames on which nothing is seen, and what counts as motion.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from steps_ros.data.frame_quality import change, exposure_fault, thumbnail
from steps_ros.data.store_settings import StoreSettings
from steps_ros.resizing import resize_image

THRESHOLD = StoreSettings().least_change


def night(seed=0):
    """Return a dark street with a few lamps."""
    picture = np.full((192, 320, 3), 4, np.uint8)
    for column in np.random.default_rng(seed).integers(20, 300, 6):
        cv2.circle(picture, (int(column), 60), 8, (255, 240, 200), -1)
    return picture


@pytest.mark.parametrize(
    ('level', 'fault'), [(0, 'black'), (15, 'black'), (40, ''), (200, ''), (255, 'saturated')]
)
def test_even_pictures(level, fault):
    assert exposure_fault(thumbnail(np.full((96, 160, 3), level, np.uint8))) == fault


def test_a_night_with_lamps_is_neither_black_nor_saturated():
    assert exposure_fault(thumbnail(night())) == ''


def test_noise_is_no_motion_and_motion_is():
    generator = np.random.default_rng(1)
    still = np.clip(night() + generator.normal(0, 3, (192, 320, 3)), 0, 255).astype(np.uint8)
    assert change(thumbnail(night()), thumbnail(night())) == 0
    again = np.clip(night() + generator.normal(0, 3, (192, 320, 3)), 0, 255).astype(np.uint8)
    assert change(thumbnail(still), thumbnail(again)) < THRESHOLD
    assert change(thumbnail(still), thumbnail(np.roll(again, 4, 1))) > THRESHOLD


def test_real_drives_move_and_are_bright_enough(shared_data):
    for name in ('night_dashcam', 'robotcar_night_11f', 'robotcar_day_11f'):
        last = None
        for path in sorted((shared_data / name).glob('*.jpg')):
            picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            small = thumbnail(resize_image(picture, 192, 320))
            assert exposure_fault(small) == ''
            assert last is None or change(small, last) > 2 * THRESHOLD
            last = small
