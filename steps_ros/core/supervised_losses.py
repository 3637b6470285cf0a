"""
Losses of a depth map against known depth, for the supervised warm start.

All of them work on the difference of log depths, so a constant factor costs little: one picture
does not tell how large the world is.
"""

from __future__ import annotations

import torch
from torch import Tensor

VARIANCE_FOCUS = 0.85


def log_depth_error(depth: Tensor, reference: Tensor) -> Tensor:
    """
    Return log(depth) - log(reference).

    :param depth: (B, 1, H, W), metres, positive.
    :param reference: the same shape, positive and finite.
    """
    return torch.log(depth) - torch.log(reference)


def scale_invariant_loss(
    error: Tensor, weight: Tensor, variance_focus: float = VARIANCE_FOCUS
) -> Tensor:
    """
    Return the root of mean(e^2) - focus * mean(e)^2 of each image (Eigen et al. 2014, eq. 3).

    :param error: (B, 1, H, W), difference of log depths.
    :param weight: (B, 1, H, W), 0 where nothing is known; an image of zeros gives a loss of 0.
    :param variance_focus: 0 asks for the true scale, 1 ignores it.
    :returns: (B,).
    """
    total = weight.flatten(1).sum(1).clamp_min(1e-6)
    square = (weight * error.square()).flatten(1).sum(1) / total
    mean = (weight * error).flatten(1).sum(1) / total
    return (square - variance_focus * mean.square()).clamp_min(1e-8).sqrt()


def log_gradient_loss(error: Tensor, weight: Tensor) -> Tensor:
    """
    Return the mean absolute slope of the error over known neighbours, of each image.

    :param error: (B, 1, H, W), difference of log depths.
    :param weight: (B, 1, H, W); a pair of neighbours counts with the smaller weight.
    :returns: (B,).
    """
    total = error.new_zeros(error.shape[0])
    for here, there in (
        ((..., slice(1, None)), (..., slice(None, -1))),
        ((..., slice(1, None), slice(None)), (..., slice(None, -1), slice(None))),
    ):
        pair = torch.minimum(weight[here], weight[there])
        slope = (error[here] - error[there]).abs() * pair
        total = total + slope.flatten(1).sum(1) / pair.flatten(1).sum(1).clamp_min(1e-6)
    return total
