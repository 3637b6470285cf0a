"""The enhanced picture is the picture divided by the light."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from steps_ros.inference.enhancement import enhanced_picture
from steps_ros.inference.transfer import Download

HERE = Download(torch.device('cpu'))


@pytest.mark.parametrize('channels', [1, 3])
def test_every_pixel_is_divided_by_the_light_on_it(channels):
    generator = np.random.default_rng(0)
    picture = generator.integers(0, 256, (45, 60, 3), np.uint8)
    light = torch.rand(1, channels, 9, 12).clamp(1e-4, 1)
    enlarged = functional.interpolate(light, (45, 60), mode='bilinear', align_corners=False)
    wide = enlarged[0].expand(3, -1, -1).permute(1, 2, 0).double().numpy()
    exact = np.clip(picture / wide, 0, 255)
    assert np.abs(enhanced_picture(picture, light, HERE) - exact).max() < 0.5001


def test_full_light_leaves_the_picture_and_gives_another_array():
    picture = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    enhanced = enhanced_picture(picture, torch.ones(1, 1, 3, 4), HERE)
    np.testing.assert_array_equal(enhanced, picture)
    assert not np.shares_memory(enhanced, picture)


def test_the_darkest_light_whitens_all_but_black():
    picture = np.array([[[0, 1, 255]]], np.uint8)
    brightest = enhanced_picture(picture, torch.full((1, 1, 1, 1), 1e-4), HERE)
    assert brightest.tolist() == [[[0, 255, 255]]]
