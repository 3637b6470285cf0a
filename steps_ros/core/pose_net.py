"""
The pose network: two frames to the motion of the camera between them (steps_spec 2.4).

Only training uses it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn, Tensor
from torch.nn import functional

from steps_ros.core.resnet import EncoderConfig, ResNetEncoder

POSE_ENCODER = EncoderConfig(channels=6, slope=0.0)
WIDTH = 256
REFERENCE_UNIT = 0.01


class Motion(NamedTuple):
    """Axis-angle in radians and translation in the network's own unit, each (B, 3)."""

    axis_angle: Tensor
    translation: Tensor


class PoseNet(nn.Module):
    """
    Two RGB frames in their order of time to :class:`Motion`.

    :param translation_unit: what the last layer's outputs are multiplied with; the step that an
        optimiser takes grows with it. The reference's 0.01 suits a depth of 0.2 m, where its
        untrained decoder begins; depth in metres needs motion in metres.
    """

    def __init__(
        self, config: EncoderConfig = POSE_ENCODER, translation_unit: float = REFERENCE_UNIT
    ) -> None:
        super().__init__()
        self.translation_unit = translation_unit
        self.encoder = ResNetEncoder(config)
        self.reduce = nn.Conv2d(config.feature_widths[-1], WIDTH, 1)
        self.conv1 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.axis_angle = nn.Conv2d(WIDTH, 3, 1)
        self.translation = nn.Conv2d(WIDTH, 3, 1)

    def forward(self, earlier: Tensor, later: Tensor) -> Motion:
        """
        Estimate the motion from the earlier to the later frame.

        :param earlier: (B, 3, H, W) RGB in [0, 1].
        :param later: the same, of the later frame.
        """
        feature = self.encoder(torch.cat((earlier, later), dim=1))[-1]
        for layer in (self.reduce, self.conv1, self.conv2):
            feature = functional.relu(layer(feature))
        return Motion(
            REFERENCE_UNIT * _pooled(self.axis_angle(feature)),
            self.translation_unit * _pooled(self.translation(feature)),
        )


def _pooled(vectors: Tensor) -> Tensor:
    """Mean over W, then over H (the reference's order)."""
    return vectors.mean(dim=3).mean(dim=2)
