"""Masks by light and by standing still: known numbers, steps_spec 9 and golden f."""

import pytest
from reference_names import golden, named
import torch

from steps_ros.core.masks import (
    Bridge,
    bridge_weight,
    frame_difference,
    image_quantile,
    light_bridge,
    LightBounds,
    moving_mean,
    uncertainty_mask,
)


def test_bridge_values():
    bridge = Bridge(0.2, 0.8, 5.0, 10.0)
    weights = bridge_weight(torch.tensor([0.0, 0.2, 0.5, 0.8, 1.0]), bridge)
    assert weights.tolist() == pytest.approx([0.5, 1, 1, 1, 0.2])


def test_vector_of_the_uncertainty_mask():
    illumination = torch.tensor(
        [[0.02, 0.05, 0.10, 0.20], [0.30, 0.45, 0.60, 0.75], [0.90, 1.0, 1.1, 1.3]]
    ).view(1, 1, 3, 4)
    mask = uncertainty_mask(illumination, LightBounds()).flatten().tolist()
    expected = [0.9558174, 0.9957927, *[1.0] * 7, 0.8620690, 0.5524862, 0.2169198]
    assert mask == pytest.approx(expected, abs=2e-7)
    low, high, *_ = light_bridge(illumination, LightBounds())
    assert (1 / (high - low)).item() == pytest.approx(1.1668612, abs=2e-7)
    bounds = LightBounds(dark_share=0.05, bright_share=0.1)
    mask = uncertainty_mask(illumination, bounds).flatten().tolist()
    assert mask == pytest.approx([0.9885758, *[1.0] * 10, 0.8470089], abs=2e-7)


@pytest.mark.parametrize('value', [-1.0, 0.0, 0.5, 0.92, 1.2])
def test_a_constant_map_is_well_lit(value):
    mask = uncertainty_mask(torch.full((2, 1, 4, 5), value), LightBounds())
    assert torch.equal(mask, torch.ones(2, 1, 4, 5))


def test_the_uncertainty_mask_has_no_gradient():
    illumination = torch.rand(1, 1, 3, 3, requires_grad=True)
    assert not uncertainty_mask(illumination, LightBounds()).requires_grad


@pytest.mark.parametrize(
    ('name', 'bounds'),
    [
        ('ns', LightBounds(strict=True)),
        ('rc', LightBounds(dark_share=0.05, bright_share=0.1, strict=True)),
        ('p2q9', LightBounds(below=2, above=9, strict=True)),
    ],
)
def test_golden_f_uncertainty(shared_reference, name, bounds):
    arrays = golden(shared_reference, 'f_illu_mask.npz')
    maps = [key.removeprefix('illu/') for key in arrays if key.startswith('illu/')]
    assert len(maps) == 16
    for key in maps:
        illumination = named(arrays, f'illu/{key}')
        mask = uncertainty_mask(illumination, bounds)
        expected = named(arrays, f'mask_{name}/{key}')
        torch.testing.assert_close(mask, expected, atol=2e-6, rtol=0, equal_nan=True)
        low, high, *_ = light_bridge(illumination.clamp_min(1e-4), bounds)
        ours = torch.cat((low, high), dim=1).flatten(1)
        expected = named(arrays, f'la_lb_{name}/{key}')
        torch.testing.assert_close(ours, expected, atol=2e-6, rtol=0, equal_nan=True)


def test_golden_f_static(shared_reference):
    arrays = golden(shared_reference, 'f_static_mask.npz')
    difference = frame_difference(named(arrays, 'pred'), named(arrays, 'target'))
    for share in (0.1, 0.2):
        assert torch.equal(image_quantile(difference, share), named(arrays, f'quantile_{share}'))
    mean = None
    for value, expected in zip(arrays['ewma_in'], arrays['ewma_out'], strict=True):
        mean = moving_mean(mean, torch.tensor(value))
        assert mean.item() == expected
    moving = (difference > named(arrays, 'threshold')).float()
    assert torch.equal(moving, named(arrays, 'static_mask'))
    assert not named(arrays, 'static_mask_identical_frames').any()


@pytest.mark.parametrize('share', [0.0, 0.1, 0.2, 0.5, 0.77, 1.0])
def test_quantiles_are_those_of_torch(share):
    for size in ((1, 1), (3, 5), (64, 96)):
        values = torch.rand(3, 1, *size)
        expected = torch.quantile(values.flatten(1), share, dim=1)
        assert torch.equal(image_quantile(values, share), expected)


def test_bounds_of_light_lie_between_the_extremes_and_the_median():
    illumination = torch.tensor([0.1, 0.2, 0.5, 0.9, 1.0]).view(1, 1, 1, 5)
    low, high, below, above = light_bridge(illumination, LightBounds())
    assert (low.item(), high.item()) == pytest.approx((0.14, 0.92))
    assert (below, above) == (5.0, 5.0)
    high = light_bridge(illumination, LightBounds(least_bright=0.0)).high
    assert high.item() == pytest.approx(1.0 - 0.9 * 0.5)


def test_the_difference_of_frames_is_the_mean_of_the_channels():
    frame = torch.tensor([0.2, 0.6, 0.4]).view(1, 3, 1, 1)
    difference = frame_difference(frame, torch.full((1, 3, 1, 1), 0.3))
    assert difference.shape == (1, 1, 1, 1)
    assert difference.item() == pytest.approx((0.1 + 0.3 + 0.1) / 3)


def test_a_moving_mean_remembers_by_default_98_percent():
    assert moving_mean(torch.tensor(1.0), torch.tensor(2.0)).item() == pytest.approx(1.02)
