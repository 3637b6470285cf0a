"""
Smooth depth, except where the picture has an edge (steps_spec 4.4).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

LEAST_MEAN = 1e-7


def relative_disparity(disparity: Tensor) -> Tensor:
    """Divide disparities (B, 1, H, W) by their mean over the image: scale costs nothing."""
    return disparity / (disparity.mean(dim=(2, 3), keepdim=True) + LEAST_MEAN)


def edge_aware_smoothness(disparity: Tensor, image: Tensor) -> Tensor:
    """
    Return mean |∂x d| exp(-|∂x I|) + mean |∂y d| exp(-|∂y I|) of each image.

    :param disparity: (B, 1, H, W).
    :param image: (B, C, H, W), in [0, 1]; its gradient is a mean over channels.
    :returns: (B,).
    """
    return _along(disparity, image, 3) + _along(disparity, image, 2)


def multiscale_smoothness(disparities: Sequence[Tensor], images: Sequence[Tensor]) -> Tensor:
    """
    Return the smoothness of relative disparity at every scale, halved from scale to scale.

    :param disparities: (B, 1, H / 2**i, W / 2**i), finest first.
    :param images: the picture at the same sizes, in [0, 1].
    :returns: (scales,).
    """
    return torch.stack(
        [
            edge_aware_smoothness(relative_disparity(disparity), image).mean() / 2**scale
            for scale, (disparity, image) in enumerate(zip(disparities, images, strict=True))
        ]
    )


def _along(disparity: Tensor, image: Tensor, axis: int) -> Tensor:
    slope = disparity.diff(dim=axis).abs()
    edge = image.diff(dim=axis).abs().mean(dim=1, keepdim=True)
    return (slope * (-edge).exp()).mean(dim=(1, 2, 3))
