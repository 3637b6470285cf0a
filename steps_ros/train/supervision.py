"""
Disparities against known depth: LiDAR, or simulation.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from steps_ros.core.depth_net import DepthNetConfig
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.supervised_losses import (
    log_depth_error,
    log_gradient_loss,
    scale_invariant_loss,
)

SCALE_WEIGHTS = (1.0, 0.5, 0.25, 0.125, 0.0625)
# The slope of the error counts this much (more blurs), and sky beside 1 for surfaces.
GRADIENT_WEIGHT = 0.04
SKY_WEIGHT = 0.3


def supervised_loss(disparities: list[Tensor], depth: Tensor, config: DepthNetConfig) -> Tensor:
    """
    Return the loss of the disparities against known depth; few known pixels are enough.

    :param disparities: (B, 1, h, w) each, finest first; all are enlarged to the size of ``depth``.
    :param depth: (B, 1, H, W), metres; NaN where nobody knows, +inf where there is sky.
    :returns: scalar; 0 where nothing at all is known.
    """
    sky = torch.isposinf(depth)
    known = torch.isfinite(depth).to(depth.dtype) + SKY_WEIGHT * sky.to(depth.dtype)
    reference = depth.nan_to_num(config.max_depth, config.max_depth)
    reference = reference.clamp(config.min_depth, config.max_depth)
    total = depth.new_zeros(())
    for disparity, weight in zip(disparities, SCALE_WEIGHTS, strict=False):
        enlarged = functional.interpolate(
            disparity, depth.shape[-2:], mode='bilinear', align_corners=False
        )
        ours = disparity_to_depth(enlarged, config.min_depth, config.max_depth)
        error = log_depth_error(ours, reference)
        slope = GRADIENT_WEIGHT * log_gradient_loss(error, known)
        total = total + weight * (scale_invariant_loss(error, known) + slope).mean()
    return total
