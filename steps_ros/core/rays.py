"""
The direction of each pixel's ray, for networks that see through cameras of many kinds.

A direction is (x / z, y / z) in the camera's frame: 0 on the optical axis, 1 at 45 degrees.
"""

from __future__ import annotations

import torch
from torch import Tensor

from steps_ros.core.camera import ASSUMED_FOCAL_PER_WIDTH

RAY_CHANNELS = 2


def ray_directions(intrinsics: Tensor, height: int, width: int) -> Tensor:
    """
    Return the directions of all pixels of a pinhole camera.

    :param intrinsics: (B, 3, 3), K of this size.
    :returns: (B, 2, H, W).
    """
    columns = torch.arange(width, device=intrinsics.device, dtype=intrinsics.dtype)
    rows = torch.arange(height, device=intrinsics.device, dtype=intrinsics.dtype)
    across = (columns - intrinsics[:, 0, 2:]) / intrinsics[:, 0, :1]
    down = (rows - intrinsics[:, 1, 2:]) / intrinsics[:, 1, 1:2]
    shape = (len(intrinsics), height, width)
    return torch.stack((across[:, None].expand(shape), down[:, :, None].expand(shape)), dim=1)


def assumed_directions(image: Tensor) -> Tensor:
    """
    Return the directions for an image of which nothing is known.

    They are those of :meth:`steps_ros.core.camera.Camera.assumed`: square pixels, 80 degrees wide.

    :param image: (B, C, H, W).
    :returns: (B, 2, H, W).
    """
    height, width = image.shape[-2:]
    focal = ASSUMED_FOCAL_PER_WIDTH * width
    matrix = image.new_tensor(
        ((focal, 0, width / 2), (0, focal, height / 2), (0, 0, 1)), dtype=torch.float32
    )
    directions = ray_directions(matrix[None], height, width).to(image.dtype)
    return directions.expand(len(image), -1, -1, -1)
