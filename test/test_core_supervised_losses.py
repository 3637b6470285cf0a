"""Supervised losses: known numbers, invariances, masks, gradients."""

from __future__ import annotations

import math

import pytest
import torch

from steps_ros.core.supervised_losses import (
    log_depth_error,
    log_gradient_loss,
    scale_invariant_loss,
)


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(shape, dtype=torch.float64)


def test_twice_as_far_is_log_two():
    error = log_depth_error(4 * ones(1, 1, 2, 3), 2 * ones(1, 1, 2, 3))
    torch.testing.assert_close(error, math.log(2) * ones(1, 1, 2, 3))


@pytest.mark.parametrize(('focus', 'expected'), [(0.0, 0.5), (0.75, 0.25), (1.0, 1e-4)])
def test_a_constant_error_costs_less_with_more_variance_focus(focus, expected):
    loss = scale_invariant_loss(0.5 * ones(2, 1, 3, 5), ones(2, 1, 3, 5), focus)
    torch.testing.assert_close(loss, expected * ones(2))


def test_unknown_pixels_do_not_count():
    error = torch.tensor([[[[0.3, 100.0]]]])
    weight = torch.tensor([[[[1.0, 0.0]]]])
    assert scale_invariant_loss(error, weight, 0.0).item() == pytest.approx(0.3)
    assert log_gradient_loss(error, weight).item() == 0


def test_an_image_without_reference_gives_no_loss():
    error, nothing = ones(1, 1, 4, 4), 0 * ones(1, 1, 4, 4)
    assert scale_invariant_loss(error, nothing).item() == pytest.approx(1e-4)


def test_the_slope_of_a_ramp_is_its_step():
    ramp = 0.25 * torch.arange(5.0).expand(1, 1, 3, 5)
    assert log_gradient_loss(ramp, torch.ones_like(ramp)).item() == pytest.approx(0.25)
    assert log_gradient_loss(ramp + 7, torch.ones_like(ramp)).item() == pytest.approx(0.25)


def test_slopes_of_rows_and_columns_add_up():
    rows = torch.tensor([0.0, 1.0, 4.0, 4.5, 2.0])[:, None].expand(5, 3)
    error = torch.stack((rows, rows + 0.25 * torch.arange(3.0)))[:, None]
    down = (1 + 3 + 0.5 + 2.5) / 4
    found = log_gradient_loss(error, torch.ones_like(error))
    torch.testing.assert_close(found, torch.tensor([down, down + 0.25]))


@pytest.mark.parametrize('loss', [scale_invariant_loss, log_gradient_loss])
def test_weights_are_shares(loss):
    torch.manual_seed(0)
    error, weight = torch.randn(2, 1, 4, 5), torch.rand(2, 1, 4, 5)
    torch.testing.assert_close(loss(error, 1e-3 * weight), loss(error, weight))


def test_the_usual_focus_takes_away_85_percent_of_a_constant_error():
    loss = scale_invariant_loss(0.5 * ones(1, 1, 3, 5), ones(1, 1, 3, 5))
    torch.testing.assert_close(loss, 0.5 * math.sqrt(0.15) * ones(1))


@pytest.mark.parametrize('loss', [scale_invariant_loss, log_gradient_loss])
def test_gradients(loss):
    generator = torch.Generator().manual_seed(1)
    error = torch.randn(2, 1, 3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(2, 1, 3, 4, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda value: loss(value, weight), (error,))
