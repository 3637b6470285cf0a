"""
The patch discriminator that compares night and day disparities (steps_spec 3).

Only training uses it.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor

SLOPE = 0.2


class Discriminator(nn.Module):
    """Three-layer PatchGAN; the output is a map of scores, 1 for real and 0 for fake."""

    def __init__(self, channels: int = 3, width: int = 64) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.LeakyReLU(SLOPE),
            *_layer(width, 2 * width, 2),
            *_layer(2 * width, 4 * width, 2),
            *_layer(4 * width, 8 * width, 1),
            nn.Conv2d(8 * width, 1, 4, 1, 1),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Score (B, channels, H, W) maps; (B, 1, h, w), unbounded."""
        return self.model(maps)  # type: ignore[no-any-return]


def _layer(channels: int, width: int, stride: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels, width, 4, stride, 1, bias=False),
        nn.InstanceNorm2d(width, affine=True),
        nn.LeakyReLU(SLOPE),
    )


def discriminator_input(disparity: Tensor) -> Tensor:
    """
    Stack the position maps and the disparity divided by its mean over the image.

    :param disparity: (B, 1, H, W), sigmoid output.
    :returns: (B, 3, H, W): height map, width map (each 0 to 1), relative disparity.
    """
    batch, _, height, width = disparity.shape
    rows = torch.linspace(0, 1, height, device=disparity.device, dtype=disparity.dtype)
    columns = torch.linspace(0, 1, width, device=disparity.device, dtype=disparity.dtype)
    height_map = rows.view(1, 1, -1, 1).expand(batch, 1, height, width)
    width_map = columns.view(1, 1, 1, -1).expand(batch, 1, height, width)
    relative = disparity / disparity.mean(dim=(2, 3), keepdim=True)
    return torch.cat((height_map, width_map, relative), dim=1)
