"""
How unlike two pictures are at each pixel, and the best of several explanations (steps_spec 4.1).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

SSIM_WEIGHT = 0.85
CHARBONNIER_EPSILON = 1e-3
SSIM_C1 = 0.01**2
SSIM_C2 = 0.03**2


class Windows(NamedTuple):
    """
    An image with mean and variance of the 3x3 window at each pixel, each (B, C, H, W).

    Mean and variance carry no gradient; that of :func:`photometric_loss` counts them in.
    """

    image: Tensor
    mean: Tensor
    variance: Tensor


class Reprojection(NamedTuple):
    """The least of the candidates, (B, 1, H, W), and its index among them, the same shape."""

    loss: Tensor
    candidate: Tensor


class _WindowMean(torch.autograd.Function):
    """
    Mean of the 3x3 window, in the order of the additions that average pooling has.

    Several times faster on a processor than average pooling and its gradient, and equal to it to
    the last bit, which matters where the variance is a small difference of two means.
    """

    @staticmethod
    def forward(ctx: Any, image: Tensor) -> Tensor:
        """Sum the nine shifted views of the mirrored image."""
        height, width = image.shape[-2:]
        padded = functional.pad(image, (1, 1, 1, 1), mode='reflect')
        total = padded[..., :height, :width].clone()
        for place in range(1, 9):
            down, right = divmod(place, 3)
            total += padded[..., down : down + height, right : right + width]
        return total.div_(9)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return the gradient to the image."""
        return _spread(gradient)


def _spread(gradient: Tensor) -> Tensor:
    """Spread the gradient of a window mean over the windows; fold the mirrored border back."""
    padded = functional.pad(gradient, (2, 2, 2, 2))
    rows = padded[..., :-2, :] + padded[..., 1:-1, :]
    rows += padded[..., 2:, :]
    spread = rows[..., :-2] + rows[..., 1:-1]
    spread += rows[..., 2:]
    for axis in (-2, -1):
        inner = spread.movedim(axis, 0)
        inner[2] += inner[0]
        inner[-3] += inner[-1]
        spread = spread.narrow(axis, 1, spread.shape[axis] - 2)
    return spread / 9


def window_mean(image: Tensor) -> Tensor:
    """
    Return the mean of the 3x3 window at each pixel, mirrored at the border.

    :param image: (B, C, H, W), H and W at least 2.
    """
    return _WindowMean.apply(image)  # type: ignore[no-any-return,no-untyped-call]


def windows(image: Tensor) -> Windows:
    """Return an image with its window statistics; those of a target serve many comparisons."""
    with torch.no_grad():
        mean = window_mean(image)
        return Windows(image, mean, window_mean(image.square()) - mean.square())


class _Similarity(NamedTuple):
    """SSIM = light * structure / (lights * spread), the four terms of its definition."""

    light: Tensor
    structure: Tensor
    lights: Tensor
    spread: Tensor

    @property
    def value(self) -> Tensor:
        """Return SSIM."""
        return self.light * self.structure / (self.lights * self.spread)


@torch.no_grad()
def _similarity(first: Windows, second: Windows) -> _Similarity:
    product = first.mean * second.mean
    covariance = window_mean(first.image * second.image) - product
    return _Similarity(
        2 * product + SSIM_C1,
        2 * covariance + SSIM_C2,
        first.mean.square() + second.mean.square() + SSIM_C1,
        first.variance + second.variance + SSIM_C2,
    )


def ssim_distance(first: Windows, second: Windows) -> Tensor:
    """
    Return (1 - SSIM) / 2 per channel, clamped to [0, 1]; 0 where windows are equal. No gradient.

    :param first: windows of (B, C, H, W).
    :param second: windows of the same shape.
    """
    return ((1 - _similarity(first, second).value) / 2).clamp(0, 1)


def charbonnier(first: Tensor, second: Tensor) -> Tensor:
    """Return sqrt((a - b)² + 1e-6) of each value, a smooth absolute difference."""
    return ((first - second).square() + CHARBONNIER_EPSILON**2).sqrt()


class _PhotometricLoss(torch.autograd.Function):
    """
    The loss with its gradient written out.

    Automatic differentiation would keep and pass through memory three times as many maps.
    """

    @staticmethod
    def forward(ctx: Any, first: Tensor, second: Tensor, *statistics: Tensor) -> Tensor:
        """Weigh structure and difference."""
        one, other = Windows(first, *statistics[:2]), Windows(second, *statistics[2:])
        terms = _similarity(one, other)
        value = terms.value
        distance = charbonnier(first, second)
        ctx.save_for_backward(first, second, one.mean, other.mean, *terms, value, distance)
        structure = ((1 - value) / 2).clamp(0, 1).mean(dim=1, keepdim=True)
        difference = distance.mean(dim=1, keepdim=True)
        return SSIM_WEIGHT * structure + (1 - SSIM_WEIGHT) * difference

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """
        Return the gradients to both images, where they are asked for.

        With S = a b / (c d) of means m, n and windows: dS/dcov = 2 a / (c d), dS/dvar = -S / d,
        dS/dm = 2 n (b - a) / (c d) + 2 m S (1 / d - 1 / c), the means within covariance and
        variance counted in.
        """
        first, second, mean, other_mean, *rest = ctx.saved_tensors
        light, structure, lights, spread, value, distance = rest
        share = gradient / first.shape[1]
        to_value = torch.where(value.abs() <= 1, share * (-SSIM_WEIGHT / 2), 0)
        quotient = 2 * to_value / (lights * spread)
        to_covariance = _spread(quotient * light)
        pull = to_value * value
        to_variance = _spread(pull / spread).mul_(-2)
        across = quotient * (structure - light)
        along = pull.mul_(2) * (1 / spread - 1 / lights)
        edge = share * (1 - SSIM_WEIGHT) * (first - second) / distance
        gradients: list[Tensor | None] = []
        pairs = ((first, second, mean, other_mean), (second, first, other_mean, mean))
        for number, (image, other, own_mean, its_mean) in enumerate(pairs):
            if not ctx.needs_input_grad[number]:
                gradients.append(None)
                continue
            found = _spread(across * its_mean + along * own_mean)
            found += to_variance * image + to_covariance * other
            gradients.append(found - edge if number else found + edge)
        return (*gradients, None, None, None, None)


def photometric_loss(first: Windows, second: Windows) -> Tensor:
    """
    Return 0.85 SSIM distance + 0.15 Charbonnier, each a mean over channels.

    :param first: windows of (B, C, H, W), values in [0, 1].
    :param second: windows of the same shape.
    :returns: (B, 1, H, W); 1.5e-4 where the pictures are equal.
    """
    return _PhotometricLoss.apply(  # type: ignore[no-any-return,no-untyped-call]
        first.image, second.image, *first[1:], *second[1:]
    )


def minimum_reprojection(identity: Tensor, reprojected: Tensor) -> Reprojection:
    """
    Keep the best explanation of each pixel.

    Where the source itself, not moved, explains the target best, the minimum carries no gradient
    to depth and pose: that is the auto-mask.

    :param identity: (B, S, H, W), losses of the sources as they are.
    :param reprojected: (B, S, H, W), losses of the warped sources.
    """
    return Reprojection(*torch.cat((identity, reprojected), dim=1).min(dim=1, keepdim=True))
