"""Changing the size of images and of depth; depth never gets values that no surface has."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from torch.nn import functional

SURFACE_RATIO = 1.1


def resize_image(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """
    Resize an 8-bit image: area means when it shrinks, linear when it grows, untouched when equal.

    :param image: (H, W, 3) or (H, W).
    :returns: (height, width, 3) or (height, width).
    """
    if image.shape[:2] == (height, width):
        return image
    shrinks = image.shape[0] >= height and image.shape[1] >= width
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)


def resize_map(values: Tensor, height: int, width: int) -> Tensor:
    """Resize a smooth (B, C, H, W) map linearly, untouched when equal."""
    if values.shape[-2:] == (height, width):
        return values
    return functional.interpolate(values, (height, width), mode='bilinear', align_corners=False)


def resize_inverse_depth(inverse_depth: Tensor, height: int, width: int) -> Tensor:
    """
    Resize inverse depth: linear on a surface, nearest across an edge.

    Where the values of a 3x3 neighbourhood differ by more than 10 %, the pixels there belong to
    several surfaces, and a mean of them would be a point in the air between the two. What is not
    known does not spread either.

    :param inverse_depth: (B, 1, H, W), positive; NaN where it is not known.
    :returns: (B, 1, height, width).
    """
    if inverse_depth.shape[-2:] == (height, width):
        return inverse_depth
    size = (height, width)
    most = functional.max_pool2d(inverse_depth, 3, 1, 1)
    least = -functional.max_pool2d(-inverse_depth, 3, 1, 1)
    # Pooling hands NaN on, and no comparison with it is true.
    edge = (~(most <= SURFACE_RATIO * least)).to(inverse_depth.dtype)
    nearest = functional.interpolate(inverse_depth, size, mode='nearest-exact')
    at_edge = functional.interpolate(edge, size, mode='nearest-exact') > 0
    return torch.where(at_edge, nearest, resize_map(inverse_depth, height, width))
