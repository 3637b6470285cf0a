"""Grey levels and coarser scales."""

import cv2
import numpy as np
import torch

from steps_ros.core.images import grey_levels, shrink


def test_grey_levels_are_those_of_opencv():
    generator = np.random.default_rng(0)
    picture = generator.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    ours = grey_levels(torch.from_numpy(picture).permute(2, 0, 1))
    assert np.array_equal(ours[0].numpy(), cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    assert ours.dtype == torch.uint8


def test_leading_dimensions_are_kept():
    assert grey_levels(torch.zeros(2, 3, 3, 4, 5, dtype=torch.uint8)).shape == (2, 3, 1, 4, 5)


def test_shrunk_pixels_are_means_of_areas():
    image = torch.arange(16.0).view(1, 1, 4, 4)
    assert shrink(image, 0) is image
    assert shrink(image, 1).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert shrink(image, 2).item() == 7.5
    assert shrink(torch.rand(1, 1, 5, 7), 1).shape == (1, 1, 2, 3)
