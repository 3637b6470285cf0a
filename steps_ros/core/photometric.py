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
    """An image with mean and variance of the 3x3 window at each pixel, each (B, C, H, W)."""

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
        """Spread the gradient over the windows and fold the mirrored border back."""
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
    mean = window_mean(image)
    return Windows(image, mean, window_mean(image.square()) - mean.square())


def ssim_distance(first: Windows, second: Windows) -> Tensor:
    """
    Return (1 - SSIM) / 2 per channel, clamped to [0, 1]; 0 where windows are equal.

    :param first: windows of (B, C, H, W).
    :param second: windows of the same shape.
    """
    covariance = window_mean(first.image * second.image) - first.mean * second.mean
    product = first.mean * second.mean
    squares = first.mean.square() + second.mean.square()
    spread = first.variance + second.variance
    similarity = (2 * product + SSIM_C1) * (2 * covariance + SSIM_C2)
    similarity = similarity / ((squares + SSIM_C1) * (spread + SSIM_C2))
    return ((1 - similarity) / 2).clamp(0, 1)


def charbonnier(first: Tensor, second: Tensor) -> Tensor:
    """Return sqrt((a - b)² + 1e-6) of each value, a smooth absolute difference."""
    return ((first - second).square() + CHARBONNIER_EPSILON**2).sqrt()


def photometric_loss(first: Windows, second: Windows) -> Tensor:
    """
    Return 0.85 SSIM distance + 0.15 Charbonnier, each a mean over channels.

    :param first: windows of (B, C, H, W), values in [0, 1].
    :param second: windows of the same shape.
    :returns: (B, 1, H, W); 1.5e-4 where the pictures are equal.
    """
    structure = ssim_distance(first, second).mean(dim=1, keepdim=True)
    difference = charbonnier(first.image, second.image).mean(dim=1, keepdim=True)
    return SSIM_WEIGHT * structure + (1 - SSIM_WEIGHT) * difference


def minimum_reprojection(identity: Tensor, reprojected: Tensor) -> Reprojection:
    """
    Keep the best explanation of each pixel.

    Where the source itself, not moved, explains the target best, the minimum carries no gradient
    to depth and pose: that is the auto-mask.

    :param identity: (B, S, H, W), losses of the sources as they are.
    :param reprojected: (B, S, H, W), losses of the warped sources.
    """
    return Reprojection(*torch.cat((identity, reprojected), dim=1).min(dim=1, keepdim=True))
