"""
A source frame seen from the target's place: projection of the target's depth, and sampling.

The place of a pixel in the source is written as its own place plus a displacement, so that a
camera that stands still moves nothing, whatever the depth and the rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Keeps the division finite for points in the plane of the source camera.
LEAST_DISTANCE = 1e-7


def pixel_grid(height: int, width: int, like: Tensor) -> Tensor:
    """
    Return homogeneous pixel coordinates (u, v, 1), (3, H, W), u and v from 0.

    :param like: gives the device and precision.
    """
    v, u = torch.meshgrid(
        torch.arange(height, device=like.device, dtype=like.dtype),
        torch.arange(width, device=like.device, dtype=like.dtype),
        indexing='ij',
    )
    return torch.stack((u, v, torch.ones_like(u)))


def source_positions(
    depth: Tensor, intrinsics: Tensor, source_from_target: Tensor, grid: Tensor
) -> Tensor:
    """
    Project every target pixel into a source frame.

    With pixel p, depth z, rotation R and translation t it is K (R z K⁻¹ p + t), written as
    z p + (z K (R - 1) K⁻¹ p + K t), of which the bracket vanishes without motion. A point behind
    the camera lands on the mirrored side, as in the reference.

    :param depth: (B, 1, H, W), metres along the optical axis.
    :param intrinsics: (B, 3, 3), K of this size.
    :param source_from_target: (B, 4, 4).
    :param grid: (3, H, W), of :func:`pixel_grid`.
    :returns: (B, 2, H, W), u and v in pixels of the source.
    """
    turn = source_from_target[:, :3, :3] - torch.eye(3, device=depth.device, dtype=depth.dtype)
    turned = (intrinsics @ turn @ torch.linalg.inv(intrinsics)) @ grid.flatten(1)
    shift = intrinsics @ source_from_target[:, :3, 3:]
    moved = depth * turned.view(-1, *grid.shape) + shift[..., None]
    displacement = moved[:, :2] - grid[:2] * moved[:, 2:]
    positions: Tensor = grid[:2] + displacement / (depth + moved[:, 2:] + LEAST_DISTANCE)
    return positions


def sampling_grid(positions: Tensor) -> Tensor:
    """
    Scale pixel positions so that -1 and 1 are the centres of the first and last pixel.

    :param positions: (B, 2, H, W), pixels.
    :returns: (B, H, W, 2), as :func:`torch.nn.functional.grid_sample` takes it.
    """
    height, width = positions.shape[-2:]
    last = positions.new_tensor((max(1, width - 1), max(1, height - 1)))
    return (2 * positions.permute(0, 2, 3, 1) - last) / last


def warp(image: Tensor, grid: Tensor, *, align_corners: bool = True) -> Tensor:
    """
    Sample an image bilinearly; places outside take the nearest border pixel.

    :param image: (B, C, H, W).
    :param grid: (B, H, W, 2), of :func:`sampling_grid`.
    :param align_corners: True is what the grid means; False is what the released code of STEPS
        (and of Monodepth2 since torch 1.3) does, up to half a pixel off at the borders.
    :returns: (B, C, H, W).
    """
    return functional.grid_sample(
        image, grid, mode='bilinear', padding_mode='border', align_corners=align_corners
    )
