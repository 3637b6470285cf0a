"""Changing the size of maps and of depth; depth never gets values that no surface has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from torch.nn import functional

from steps_ros.inference.bands import bands

Floats = NDArray[np.float32]

SURFACE_RATIO = 1.1
NEIGHBOURS = np.ones((3, 3), np.uint8)
# An inverse depth that nothing has.
NO_EDGE = -1.0


def resize_map(values: Tensor, height: int, width: int) -> Tensor:
    """Resize a smooth (B, C, H, W) float32 map linearly, untouched when equal."""
    if values.shape[-2:] == (height, width):
        return values
    if values.device.type != 'cpu':
        size = (height, width)
        return functional.interpolate(values, size, mode='bilinear', align_corners=False)
    return _planes(values, lambda plane: _resized(plane, height, width, cv2.INTER_LINEAR))


def resize_depth(depth: Tensor, height: int, width: int) -> Tensor:
    """
    Resize depth: its inverse is linear on a surface, nearest across an edge.

    Where the inverses of a 3x3 neighbourhood differ by more than 10 %, the pixels there belong to
    several surfaces, and a mean of them would be a point in the air between the two. What is not
    known does not spread either.

    :param depth: (B, 1, H, W) float32, positive; NaN where it is not known.
    :returns: (B, 1, height, width).
    """
    if depth.shape[-2:] == (height, width):
        return depth
    inverse_depth = depth.reciprocal()
    if depth.device.type != 'cpu':
        return enlarge_on_device(inverse_depth, height, width).reciprocal_()
    return _planes(inverse_depth, lambda plane: _enlarged_depth(plane, height, width))


def enlarge_on_device(inverse_depth: Tensor, height: int, width: int) -> Tensor:
    """Return inverse depth (B, 1, height, width) of (B, 1, H, W) as on a GPU."""
    size = (height, width)
    most = functional.max_pool2d(inverse_depth, 3, 1, 1)
    least = -functional.max_pool2d(-inverse_depth, 3, 1, 1)
    # Pooling hands NaN on, and no comparison with it is true.
    edge = (~(most <= SURFACE_RATIO * least)).to(inverse_depth.dtype)
    nearest = functional.interpolate(inverse_depth, size, mode='nearest-exact')
    at_edge = functional.interpolate(edge, size, mode='nearest-exact') > 0
    linear = functional.interpolate(inverse_depth, size, mode='bilinear', align_corners=False)
    return torch.where(at_edge, nearest, linear)


def _enlarged_depth(inverse_depth: Floats, height: int, width: int) -> Floats:
    """Return the depth (height, width) of (H, W), in a third of the time that torch takes."""
    known = np.nan_to_num(inverse_depth, nan=0.0, posinf=np.inf)
    most, least = cv2.dilate(known, NEIGHBOURS), cv2.erode(known, NEIGHBOURS)
    at_edge = np.where(most > SURFACE_RATIO * least, inverse_depth, np.float32(NO_EDGE))
    enlarged: Floats = _resized(inverse_depth, height, width, cv2.INTER_LINEAR)
    nearest = _resized(at_edge, height, width, cv2.INTER_NEAREST_EXACT)
    # What is infinitely far has no inverse, and is infinitely far again.
    with np.errstate(divide='ignore'):
        for rows in bands(height):
            here = enlarged[rows]
            cv2.copyTo(nearest[rows], (nearest[rows] != NO_EDGE).view(np.uint8), here)
            np.reciprocal(here, out=here)
    return enlarged


def _planes(values: Tensor, resize: Callable[[Floats], Floats]) -> Tensor:
    """Resize every (H, W) of a (B, C, H, W) in the host's memory."""
    resized = [resize(plane) for plane in values.detach().flatten(0, 1).numpy()]
    stacked = resized[0][None] if len(resized) == 1 else np.stack(resized)
    return torch.from_numpy(stacked).view(*values.shape[:2], *stacked.shape[1:])


def _resized(plane: Any, height: int, width: int, interpolation: int) -> Any:
    return cv2.resize(plane, (width, height), interpolation=interpolation)
