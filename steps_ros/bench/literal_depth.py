"""
The released step's geometry and depth losses, frame by frame and scale by scale (steps_spec 2, 4).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from steps_ros.bench.literal_light import SCALES, Table
from steps_ros.bench.literal_networks import PoseNet

SOURCES = (-1, 1)
MIN_DEPTH, MAX_DEPTH = 0.1, 100.0
STATIC_QUANTILE, STATIC_MOMENTUM = 0.2, 0.98
NOISE = 1e-5
SMOOTHNESS_WEIGHT = 1e-3


class StaticBound:
    """The running mean below which a difference between frames counts as none."""

    def __init__(self) -> None:
        self.value: Tensor | None = None

    def update(self, difference: Tensor) -> Tensor:
        """Add the quantile of differences (B, 1, H, W); return the mean."""
        quantile = torch.quantile(difference.flatten(1), STATIC_QUANTILE, dim=1).mean()
        if self.value is None:
            self.value = quantile
        else:
            self.value = STATIC_MOMENTUM * self.value + (1 - STATIC_MOMENTUM) * quantile
        return self.value


def predict_motion(inputs: Table, pose: PoseNet) -> Table:
    """Return the motion from the target to either neighbour, one pair after the other."""
    target = inputs['enhanced', 0, 0]
    past = pose(inputs['enhanced', -1, 0], target)
    future = pose(target, inputs['enhanced', 1, 0])
    return {
        ('motion', -1, 0): transform(*past, invert=True),
        ('motion', 1, 0): transform(*future, invert=False),
    }


def transform(axis_angle: Tensor, translation: Tensor, *, invert: bool) -> Tensor:
    """Return the 4x4 matrices of motions, (B, 4, 4)."""
    rotation = torch.zeros(len(axis_angle), 4, 4, device=axis_angle.device)
    rotation[:, :3, :3] = rotation_matrix(axis_angle)
    rotation[:, 3, 3] = 1
    offset = torch.eye(4, device=axis_angle.device).repeat(len(axis_angle), 1, 1)
    if invert:
        offset[:, :3, 3] = -translation
        return torch.matmul(rotation.transpose(1, 2), offset)
    offset[:, :3, 3] = translation
    return torch.matmul(offset, rotation)


def rotation_matrix(axis_angle: Tensor) -> Tensor:
    """Return rotations by Rodrigues' formula, (B, 3, 3)."""
    angle = torch.norm(axis_angle, 2, dim=1, keepdim=True)
    axis = axis_angle / (angle + 1e-7)
    cos, sin = torch.cos(angle)[..., None], torch.sin(angle)[..., None]
    x, y, z = axis[:, 0], axis[:, 1], axis[:, 2]
    zero = torch.zeros_like(x)
    cross = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=1).view(-1, 3, 3)
    outer = torch.matmul(axis[:, :, None], axis[:, None, :])
    identity = torch.eye(3, device=axis.device)
    return cos * identity + (1 - cos) * outer + sin * cross


def warp(image: Tensor, depth: Tensor, motion: Tensor, camera: Tensor, inverse: Tensor) -> Tensor:
    """
    Return the image seen from the target's place.

    :param depth: (B, 1, H, W) of the target.
    :param camera: (B, 4, 4) K, and ``inverse`` of it.
    """
    batch, _, height, width = depth.shape
    v, u = torch.meshgrid(
        torch.arange(height, device=depth.device, dtype=depth.dtype),
        torch.arange(width, device=depth.device, dtype=depth.dtype),
        indexing='ij',
    )
    pixels = torch.stack((u.flatten(), v.flatten(), torch.ones_like(u).flatten()))
    points = torch.matmul(inverse[:, :3, :3], pixels.repeat(batch, 1, 1))
    points = depth.view(batch, 1, -1) * points
    points = torch.cat((points, torch.ones_like(points[:, :1])), dim=1)
    projected = torch.matmul(torch.matmul(camera, motion)[:, :3], points)
    places = projected[:, :2] / (projected[:, 2:] + 1e-7)
    u, v = places.view(batch, 2, height, width).unbind(1)
    grid = (torch.stack((u / (width - 1), v / (height - 1)), dim=-1) - 0.5) * 2
    return functional.grid_sample(image, grid, padding_mode='border', align_corners=False)


def photometric(first: Tensor, second: Tensor) -> Tensor:
    """Return 0.85 SSIM distance + 0.15 Charbonnier, (B, 1, H, W)."""
    difference = torch.sqrt(torch.pow(first - second, 2) + 1e-3**2).mean(1, True)
    return 0.85 * ssim_distance(first, second).mean(1, True) + 0.15 * difference


def ssim_distance(first: Tensor, second: Tensor) -> Tensor:
    """Return (1 - SSIM) / 2 of each channel, of five means of 3x3 windows."""
    first = functional.pad(first, (1, 1, 1, 1), mode='reflect')
    second = functional.pad(second, (1, 1, 1, 1), mode='reflect')
    mean_1, mean_2 = functional.avg_pool2d(first, 3, 1), functional.avg_pool2d(second, 3, 1)
    variance_1 = functional.avg_pool2d(first**2, 3, 1) - mean_1**2
    variance_2 = functional.avg_pool2d(second**2, 3, 1) - mean_2**2
    covariance = functional.avg_pool2d(first * second, 3, 1) - mean_1 * mean_2
    above = (2 * mean_1 * mean_2 + 0.01**2) * (2 * covariance + 0.03**2)
    below = (mean_1**2 + mean_2**2 + 0.01**2) * (variance_1 + variance_2 + 0.03**2)
    return torch.clamp((1 - above / below) / 2, 0, 1)


def reconstruction_losses(
    inputs: Table, outputs: Table, bound: StaticBound, noise: Tensor | None
) -> list[Tensor]:
    """
    Return the reconstruction loss of each scale, a fifth of it.

    :param noise: standard normal values (scales, B, 2, H, W); drawn here where there are none.
    """
    return [_reconstruction(inputs, outputs, bound, noise, scale) for scale in SCALES]


def _reconstruction(
    inputs: Table, outputs: Table, bound: StaticBound, noise: Tensor | None, scale: int
) -> Tensor:
    target, mask = inputs['enhanced', 0, 0], inputs['light_mask', 0, 0]
    size = [*target.shape[-2:]]
    disparity = functional.interpolate(
        outputs['disparity', 0, scale], size, mode='bilinear', align_corners=False
    )
    depth = 1 / (1 / MAX_DEPTH + (1 / MIN_DEPTH - 1 / MAX_DEPTH) * disparity)
    candidates = []
    for place, frame in enumerate(SOURCES):
        source = inputs['enhanced', frame, 0]
        loss = photometric(source, target)
        drawn = torch.randn_like(loss) if noise is None else noise[scale, :, place : place + 1]
        difference = torch.abs(source - target).mean(1, True)
        moving = (difference > bound.update(difference)).float()
        candidates.append((loss + NOISE * drawn) * moving * mask)
    for frame in SOURCES:
        warped = warp(
            inputs['enhanced', frame, 0],
            depth,
            outputs['motion', frame, 0],
            inputs['camera', 0, 0],
            inputs['inverse_camera', 0, 0],
        )
        candidates.append(photometric(warped, target) * mask)
    return torch.cat(candidates, dim=1).min(dim=1)[0].mean() / len(SCALES)


def smoothness_losses(inputs: Table, outputs: Table) -> list[Tensor]:
    """Return the weighted smoothness of each scale, a fifth of it."""
    losses = []
    for scale in SCALES:
        disparity = outputs['disparity', 0, scale]
        mean = disparity.mean(2, True).mean(3, True)
        loss = edge_aware_smoothness(disparity / (mean + 1e-7), inputs['enhanced', 0, scale])
        losses.append(SMOOTHNESS_WEIGHT * loss / 2**scale / len(SCALES))
    return losses


def edge_aware_smoothness(disparity: Tensor, image: Tensor) -> Tensor:
    """Return the mean slopes of disparity, less where the image has slopes too."""
    slope_x = torch.abs(disparity[:, :, :, :-1] - disparity[:, :, :, 1:])
    slope_y = torch.abs(disparity[:, :, :-1] - disparity[:, :, 1:])
    edge_x = torch.mean(torch.abs(image[:, :, :, :-1] - image[:, :, :, 1:]), 1, True)
    edge_y = torch.mean(torch.abs(image[:, :, :-1] - image[:, :, 1:]), 1, True)
    return (slope_x * torch.exp(-edge_x)).mean() + (slope_y * torch.exp(-edge_y)).mean()
