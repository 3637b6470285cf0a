"""A convolution to one channel equals torch's own, with its gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from steps_ros.core.narrow_convolution import narrow_convolution


def both(padding: str, size: tuple[int, int], dtype=torch.float64, bias: bool = True):
    torch.manual_seed(0)
    convolution = nn.Conv2d(7, 1, 3, padding=1, padding_mode=padding, bias=bias).to(dtype)
    feature = torch.randn(2, 7, *size, dtype=dtype)
    return convolution, feature


def with_gradients(function, convolution, feature):
    feature = feature.clone().requires_grad_()
    convolution.zero_grad()
    result = function(feature)
    (result * torch.arange(result.numel(), dtype=result.dtype).view_as(result)).sum().backward()
    return result, feature.grad, *[item.grad.clone() for item in convolution.parameters()]


@pytest.mark.parametrize('padding', ['reflect', 'zeros'])
@pytest.mark.parametrize('size', [(2, 2), (6, 10), (5, 3)])
@pytest.mark.parametrize('bias', [True, False])
def test_values_and_gradients_are_those_of_the_convolution(padding, size, bias):
    convolution, feature = both(padding, size, bias=bias)
    expected = with_gradients(convolution, convolution, feature)
    found = with_gradients(lambda x: narrow_convolution(x, convolution), convolution, feature)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_coarse_numbers_are_left_to_the_convolution():
    convolution, feature = both('zeros', (6, 10), torch.bfloat16)
    assert torch.equal(narrow_convolution(feature, convolution), convolution(feature))
