"""Depth keeps to its surfaces when it changes size."""

import numpy as np
import pytest
import torch

from steps_ros.inference.resize import resize_image, resize_inverse_depth, resize_map


@pytest.mark.parametrize('size', [(16, 24), (37, 53), (64, 96), (5, 9)])
def test_step_edge_gets_no_value_in_between(size):
    inverse_depth = torch.full((1, 1, 16, 24), 0.02)
    inverse_depth[..., 10:] = 0.5
    resized = resize_inverse_depth(inverse_depth, *size)
    off_surface = (resized - 0.02).abs().minimum((resized - 0.5).abs())
    assert off_surface.max() < 1e-6


def test_ramp_is_linear_and_stays_within_its_ends():
    ramp = torch.linspace(0.50, 0.60, 32).view(1, 1, 1, 32).expand(1, 1, 8, 32)
    resized = resize_inverse_depth(ramp.contiguous(), 16, 64)
    assert torch.equal(resized, resize_map(ramp, 16, 64))
    assert len(resized[0, 0, 0].unique()) > 60
    assert ramp.min() <= resized.min()
    assert resized.max() <= ramp.max()


def test_equal_size_is_untouched():
    values = torch.rand(1, 1, 8, 8)
    assert resize_inverse_depth(values, 8, 8) is values
    assert resize_map(values, 8, 8) is values
    picture = np.zeros((8, 8, 3), np.uint8)
    assert resize_image(picture, 8, 8) is picture


def test_shrinking_takes_area_means():
    picture = np.array(
        [[[0, 0, 0], [100, 100, 100]], [[200, 200, 200], [100, 100, 100]]], np.uint8
    )
    assert resize_image(picture, 1, 1).tolist() == [[[100, 100, 100]]]
