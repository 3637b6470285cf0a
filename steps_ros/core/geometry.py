"""Depth from disparity, and rigid motion from axis-angle (steps_spec 2.3, 2.4)."""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_ANGLE = 1e-7


def disparity_to_depth(
    disparity: Tensor, min_depth: float = 0.1, max_depth: float = 100.0
) -> Tensor:
    """
    Map a sigmoid output to depth, linearly in inverse depth.

    :param disparity: (B, 1, H, W), in (0, 1); 0 is the farthest.
    :param min_depth: depth in metres at disparity 1.
    :param max_depth: depth in metres at disparity 0.
    :returns: (B, 1, H, W), metres.
    """
    nearest, farthest = 1 / min_depth, 1 / max_depth
    return 1 / (farthest + (nearest - farthest) * disparity)


def rotation_from_axis_angle(axis_angle: Tensor) -> Tensor:
    """
    Return rotation matrices by Rodrigues' formula.

    :param axis_angle: (B, 3), radians; the zero vector gives the identity.
    :returns: (B, 3, 3).
    """
    angle = axis_angle.norm(dim=1, keepdim=True)
    axis = axis_angle / (angle + LEAST_ANGLE)
    cos, sin = angle.cos()[..., None], angle.sin()[..., None]
    x, y, z = axis.unbind(dim=1)
    zero = torch.zeros_like(x)
    cross = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=1).view(-1, 3, 3)
    outer = axis[:, :, None] * axis[:, None, :]
    identity = torch.eye(3, device=axis.device, dtype=axis.dtype)
    rotation: Tensor = cos * identity + (1 - cos) * outer + sin * cross
    return rotation


def transform_from_motion(axis_angle: Tensor, translation: Tensor, *, invert: bool) -> Tensor:
    """
    Return the 4x4 rigid transform of a motion: Trans(t) R, or its inverse Rᵀ Trans(-t).

    :param axis_angle: (B, 3), radians.
    :param translation: (B, 3).
    :param invert: return the inverse motion.
    :returns: (B, 4, 4).
    """
    rotation = rotation_from_axis_angle(axis_angle)
    offset = translation[:, :, None]
    if invert:
        rotation = rotation.transpose(1, 2)
        offset = -rotation @ offset
    bottom = rotation.new_tensor((0.0, 0.0, 0.0, 1.0)).expand(len(rotation), 1, 4)
    return torch.cat((torch.cat((rotation, offset), dim=2), bottom), dim=1)
