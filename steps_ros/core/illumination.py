"""
The self-calibrated illumination enhancer, SIE in STEPS, after SCI (steps_spec 1).

The illumination network estimates how much light fell on each pixel; an image divided by
that map is the enhanced image. Training runs three stages with shared weights, where the
calibration network makes the later stages converge to the first; inference needs the first
stage alone. STEPS works on the grey image (one channel), SCI on RGB (three).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn, Tensor

LEAST_ILLUMINATION = 1e-4
STAGES = 3
CALIBRATION_WIDTH = 16
CALIBRATION_BLOCKS = 3
INITIAL_SPREAD = 0.02


class Illumination(NamedTuple):
    """Illumination clamped to [1e-4, 1], and the same before clamping; each (B, C, H, W)."""

    clamped: Tensor
    raw: Tensor


class Stages(NamedTuple):
    """
    What the stages computed, one entry a stage, each (B, C, H, W).

    The last reflectance and calibration are absent where they were not asked for.
    """

    inputs: list[Tensor]
    illuminations: list[Illumination]
    reflectances: list[Tensor]
    calibrations: list[Tensor]


class IlluminationNet(nn.Module):
    """Image to illumination, as a residual of the image (steps_spec 1.1)."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.channels = channels
        self.conv_in = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_mid = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn = nn.BatchNorm2d(channels)
        self.conv_out = nn.Conv2d(channels, channels, 3, padding=1)
        self.apply(_initialise)

    def forward(self, image: Tensor) -> Illumination:
        """
        Estimate the illumination.

        :param image: (B, channels, H, W); in [0, 1] in the first stage, free in later ones.
        """
        feature = torch.relu(self.conv_in(image))
        feature = feature + torch.relu(self.bn(self.conv_mid(feature)))
        raw = torch.sigmoid(self.conv_out(feature)) + image
        return Illumination(raw.clamp(LEAST_ILLUMINATION, 1), raw)


class CalibrationNet(nn.Module):
    """Reflectance to the correction of the next stage's input (steps_spec 1.2)."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        width = CALIBRATION_WIDTH
        self.block_in = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.block = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.conv_out = nn.Conv2d(width, channels, 3, padding=1)
        self.apply(_initialise)

    def forward(self, reflectance: Tensor) -> Tensor:
        """Return the correction, (B, channels, H, W); the one block is applied three times."""
        feature = self.block_in(reflectance)
        for _ in range(CALIBRATION_BLOCKS):
            feature = feature + self.block(feature)
        return reflectance - torch.sigmoid(self.conv_out(feature))


class SelfCalibratedEnhancer(nn.Module):
    """The staged network of training (steps_spec 1.3)."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.illumination = IlluminationNet(channels)
        self.calibration = CalibrationNet(channels)

    def forward(
        self, image: Tensor, first: Illumination | None = None, *, calibrates_last: bool = True
    ) -> Stages:
        """
        Run all stages.

        :param image: (B, channels, H, W), in [0, 1].
        :param first: the first stage's result, where it is known already.
        :param calibrates_last: also run the calibration after the last stage. It feeds nothing,
            but the reference runs it and its batch statistics count it.
        """
        stages = Stages([], [], [], [])
        stage_input = image
        for stage in range(STAGES):
            illumination = first if first and stage == 0 else self.illumination(stage_input)
            stages.inputs.append(stage_input)
            stages.illuminations.append(illumination)
            if stage == STAGES - 1 and not calibrates_last:
                break
            reflectance = enhance(image, illumination.clamped)
            calibration = self.calibration(reflectance)
            stages.reflectances.append(reflectance)
            stages.calibrations.append(calibration)
            stage_input = image + calibration
        return stages


def enhance(image: Tensor, illumination: Tensor) -> Tensor:
    """
    Divide an image by its illumination.

    :param image: (B, 1 or 3, H, W), in [0, 1].
    :param illumination: (B, 1 or 3, H, W), in [1e-4, 1]; one channel serves all colours.
    :returns: the enhanced image, in [0, 1].
    """
    return (image / illumination).clamp(0, 1)


def _initialise(module: nn.Module) -> None:
    """Weights as in SCI (steps_spec 1.5): N(0, 0.02), norm scales N(1, 0.02), biases 0."""
    if isinstance(module, nn.Conv2d | nn.BatchNorm2d):
        mean = 1.0 if isinstance(module, nn.BatchNorm2d) else 0.0
        nn.init.normal_(module.weight, mean, INITIAL_SPREAD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
