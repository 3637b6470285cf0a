"""
8-bit frames as the networks see them, and the same at coarser scales (steps_spec 6.3).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# OpenCV's weights of red, green and blue, in 1 / 2**15.
GREY_WEIGHTS = (9798, 19235, 3735)
GREY_SHIFT = 15


def grey_levels(image: Tensor) -> Tensor:
    """
    Return the grey levels of 8-bit colours exactly as OpenCV rounds them.

    :param image: (..., 3, H, W) uint8 RGB.
    :returns: (..., 1, H, W) uint8.
    """
    red, green, blue = image.int().unbind(dim=-3)
    total = GREY_WEIGHTS[0] * red + GREY_WEIGHTS[1] * green + GREY_WEIGHTS[2] * blue
    grey: Tensor = (total + (1 << (GREY_SHIFT - 1))) >> GREY_SHIFT
    return grey.to(torch.uint8).unsqueeze(-3)


def shrink(image: Tensor, scale: int) -> Tensor:
    """
    Return the image at 1 / 2**scale of its size, each pixel the mean of its area.

    :param image: (B, C, H, W).
    :param scale: 0 returns the image itself.
    :returns: (B, C, H >> scale, W >> scale).
    """
    if scale == 0:
        return image
    size = (image.shape[-2] >> scale, image.shape[-1] >> scale)
    return functional.interpolate(image, size=size, mode='area')
