"""The convolution of an enlarged image, without enlarging it."""

import pytest
import torch
from torch import nn

from steps_ros.core.upsampling import doubled_convolution, FEW_PIXELS


@pytest.mark.parametrize('padding', ['reflect', 'zeros'])
@pytest.mark.parametrize('size', [(1, 2), (1, FEW_PIXELS), (FEW_PIXELS, 1), (11, 17)])
def test_equals_enlarging_first(padding, size):
    torch.manual_seed(0)
    convolution = nn.Conv2d(4, 3, 3, padding=1, padding_mode=padding).double()
    feature = torch.rand(2, 4, *size, dtype=torch.float64, requires_grad=True)
    enlarged = nn.functional.interpolate(feature, scale_factor=2, mode='nearest')
    results = [convolution(enlarged), doubled_convolution(feature, convolution)]
    torch.testing.assert_close(results[1], results[0], atol=1e-14, rtol=0)
    leaves = (feature, *convolution.parameters())
    slopes = [torch.autograd.grad(result.square().sum(), leaves) for result in results]
    for ours, theirs in zip(slopes[1], slopes[0], strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)


def test_a_prediction_before_does_not_keep_from_training():
    torch.manual_seed(0)
    convolution = nn.Conv2d(2, 2, 3, padding=1, padding_mode='zeros')
    feature = torch.rand(1, 2, FEW_PIXELS, 1)
    with torch.inference_mode():
        predicted = doubled_convolution(feature, convolution)
    trained = doubled_convolution(feature, convolution)
    trained.sum().backward()
    torch.testing.assert_close(trained, predicted)


@pytest.mark.parametrize('size', [(3, 5), (11, 17)])
def test_training_in_bfloat16_is_the_plain_convolution(size):
    torch.manual_seed(0)
    convolution = nn.Conv2d(4, 3, 3, padding=1, padding_mode='zeros').bfloat16()
    feature = torch.rand(2, 4, *size).bfloat16().requires_grad_()
    plain = convolution(nn.functional.interpolate(feature, scale_factor=2))
    assert torch.equal(doubled_convolution(feature, convolution), plain)
