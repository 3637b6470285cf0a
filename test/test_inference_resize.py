"""Depth keeps to its surfaces when it changes size."""

import pytest
import torch
from torch.nn import functional

from steps_ros.inference.resize import enlarge_on_device, resize_depth, resize_map


@pytest.mark.parametrize('size', [(16, 24), (37, 53), (64, 96), (5, 9)])
def test_step_edge_gets_no_value_in_between(size):
    inverse_depth = torch.full((1, 1, 16, 24), 0.02)
    inverse_depth[..., 10:] = 0.5
    resized = 1 / resize_depth(1 / inverse_depth, *size)
    off_surface = (resized - 0.02).abs().minimum((resized - 0.5).abs())
    assert off_surface.max() < 1e-6


def test_ramp_is_linear_and_stays_within_its_ends():
    ramp = torch.linspace(0.50, 0.60, 32).view(1, 1, 1, 32).expand(1, 1, 8, 32)
    resized = 1 / resize_depth(1 / ramp, 16, 64)
    torch.testing.assert_close(resized, resize_map(ramp, 16, 64), rtol=1e-6, atol=0)
    assert len(resized[0, 0, 0].unique()) > 60
    assert resized.min() > 0.5 - 1e-6
    assert resized.max() < 0.6 + 1e-6


@pytest.mark.filterwarnings('error')
def test_the_infinitely_far_stays_so():
    depth = torch.full((1, 1, 16, 24), 20.0)
    depth[..., :8, :] = torch.inf
    resized = resize_depth(depth, 64, 96)
    assert resized[..., :31, :].isinf().all()
    torch.testing.assert_close(resized[..., 33:, :], torch.full((1, 1, 31, 96), 20.0))


def test_equal_size_is_untouched():
    values = torch.rand(1, 1, 8, 8)
    assert resize_depth(values, 8, 8) is values
    assert resize_map(values, 8, 8) is values


@pytest.mark.parametrize('channels', [1, 3])
def test_maps_on_the_cpu_are_those_of_a_gpu(channels):
    values = torch.rand(2, channels, 24, 40)
    expected = functional.interpolate(values, (97, 131), mode='bilinear', align_corners=False)
    torch.testing.assert_close(resize_map(values, 97, 131), expected, rtol=0, atol=5e-6)


@pytest.mark.parametrize('size', [(96, 160), (112, 74), (24, 42), (10, 12)])
def test_surfaces_on_the_cpu_are_those_of_a_gpu(size):
    steps = torch.rand(1, 1, 5, 7, generator=torch.Generator().manual_seed(0)) + 0.1
    inverse_depth = functional.interpolate(steps, (24, 40), mode='nearest')
    inverse_depth[..., 5:9, 5:20] = torch.nan
    ours = resize_depth(1 / inverse_depth, *size)
    expected = 1 / enlarge_on_device(inverse_depth, *size)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=0, equal_nan=True)
