"""
The networks of the released step, layer by layer as they are released (steps_spec 1 to 3).

The names of all weights are those of the package's own networks, whose weights load into these as
they are. The encoders are ResNet-18.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import nn, Tensor
from torch.nn import functional

WIDTHS = (64, 64, 128, 256, 512)
SLOPE = 0.01
STAGES = 3


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, channels: int, width: int, stride: int, activation: nn.Module) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.activation = activation
        self.shortcut = (
            nn.Identity()
            if stride == 1
            else nn.Sequential(
                nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )
        )

    def forward(self, feature: Tensor) -> Tensor:
        """Return the block's output."""
        residual = self.activation(self.bn1(self.conv1(feature)))
        residual = self.bn2(self.conv2(residual))
        return self.activation(residual + self.shortcut(feature))  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """Pictures to five features, finest first."""

    def __init__(self, channels: int, activation: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, WIDTHS[0], 7, 2, 3, bias=False),
            nn.BatchNorm2d(WIDTHS[0]),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.ModuleList(
            nn.Sequential(Block(before, width, 2, activation), Block(width, width, 1, activation))
            for before, width in pairwise(WIDTHS)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Encode (B, channels, H, W) in [0, 1]."""
        features = [self.stem((image - 0.45) / 0.225)]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features


class Decoder(nn.Module):
    """Features to five disparities, finest first."""

    def __init__(self) -> None:
        super().__init__()
        below = (*WIDTHS[1:], WIDTHS[-1])
        doubled = (*(2 * width for width in WIDTHS[:-1]), WIDTHS[-1])
        self.reduce = nn.ModuleList(nn.Conv2d(width, width, 1, bias=False) for width in WIDTHS)
        self.conv = nn.ModuleList(map(_convolution, below, WIDTHS))
        self.up_conv = nn.ModuleList(map(_convolution, doubled, WIDTHS))
        self.head = nn.ModuleList(_convolution(width, 1) for width in WIDTHS)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Return sigmoid disparities, (B, 1, H / 2**i, W / 2**i)."""
        disparities: list[Tensor] = []
        level = features[-1]
        for i in (4, 3, 2, 1, 0):
            lateral = self.reduce[i](features[i])
            level = self.conv[i](lateral if i == 4 else level)
            level = _leaky(level if i == 4 else torch.cat((level, lateral), dim=1))
            level = functional.interpolate(level, scale_factor=2, mode='nearest')
            level = _leaky(self.up_conv[i](level))
            disparities.insert(0, torch.sigmoid(self.head[i](level)))
        return disparities


def _convolution(channels: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(channels, width, 3, padding=1, padding_mode='reflect')


def _leaky(feature: Tensor) -> Tensor:
    return functional.leaky_relu(feature, SLOPE, inplace=True)


class DepthNet(nn.Module):
    """Picture to disparities."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(3, nn.LeakyReLU(SLOPE, inplace=True))
        self.decoder = Decoder()

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return five disparities, finest first."""
        return self.decoder(self.encoder(image))  # type: ignore[no-any-return]


class PoseNet(nn.Module):
    """Two frames in their order of time to axis-angle and translation, each (B, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(6, nn.ReLU(inplace=True))
        self.reduce = nn.Conv2d(WIDTHS[-1], 256, 1)
        self.conv1 = nn.Conv2d(256, 256, 3, padding=1)
        self.conv2 = nn.Conv2d(256, 256, 3, padding=1)
        self.axis_angle = nn.Conv2d(256, 3, 1)
        self.translation = nn.Conv2d(256, 3, 1)

    def forward(self, earlier: Tensor, later: Tensor) -> tuple[Tensor, Tensor]:
        """Return axis-angle and translation of one pair of frames."""
        feature = self.encoder(torch.cat((earlier, later), dim=1))[-1]
        for layer in (self.reduce, self.conv1, self.conv2):
            feature = functional.relu(layer(feature))
        axis_angle, translation = self.axis_angle(feature), self.translation(feature)
        return 0.01 * axis_angle.mean(3).mean(2), 0.01 * translation.mean(3).mean(2)


class IlluminationNet(nn.Module):
    """Grey picture to illumination, clamped and as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(1, 1, 3, padding=1)
        self.conv_mid = nn.Conv2d(1, 1, 3, padding=1)
        self.bn = nn.BatchNorm2d(1)
        self.conv_out = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, grey: Tensor) -> tuple[Tensor, Tensor]:
        """Return the illumination of (B, 1, H, W) clamped to [1e-4, 1], and unclamped."""
        feature = torch.relu(self.conv_in(grey))
        feature = feature + torch.relu(self.bn(self.conv_mid(feature)))
        raw = torch.sigmoid(self.conv_out(feature)) + grey
        return raw.clamp(1e-4, 1), raw


class CalibrationNet(nn.Module):
    """Reflectance to the correction of the next stage's input."""

    def __init__(self) -> None:
        super().__init__()
        self.block_in = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()
        )
        self.block = nn.Sequential(
            nn.Conv2d(16, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
        )
        self.conv_out = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, reflectance: Tensor) -> Tensor:
        """Return the correction; the one block is applied three times."""
        feature = self.block_in(reflectance)
        for _ in range(3):
            feature = feature + self.block(feature)
        return reflectance - torch.sigmoid(self.conv_out(feature))


class Stages(NamedTuple):
    """Input and clamped illumination of each stage, and the last illumination unclamped."""

    inputs: list[Tensor]
    illuminations: list[Tensor]
    last_raw: Tensor


class Enhancer(nn.Module):
    """The three stages, with the calibration after the last that feeds nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.illumination = IlluminationNet()
        self.calibration = CalibrationNet()

    def forward(self, grey: Tensor) -> Stages:
        """Run all stages on (B, 1, H, W)."""
        stages = Stages([], [], grey)
        stage_input = grey
        for _ in range(STAGES):
            clamped, raw = self.illumination(stage_input)
            stages.inputs.append(stage_input)
            stages.illuminations.append(clamped)
            reflectance = torch.clamp(grey / clamped, 0, 1)
            stage_input = grey + self.calibration(reflectance)
            stages = stages._replace(last_raw=raw)
        return stages


class Discriminator(nn.Module):
    """PatchGAN with instance normalisation."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, 64, 4, 2, 1), nn.LeakyReLU(0.2, True)]
        for channels, width, stride in ((64, 128, 2), (128, 256, 2), (256, 512, 1)):
            layers += [
                nn.Conv2d(channels, width, 4, stride, 1, bias=False),
                nn.InstanceNorm2d(width, affine=True),
                nn.LeakyReLU(0.2, True),
            ]
        self.model = nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Score (B, 3, H, W)."""
        return self.model(maps)  # type: ignore[no-any-return]


class LiteralNetworks(nn.Module):
    """All networks of the step; ``teacher`` is the day network."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = DepthNet()
        self.pose = PoseNet()
        self.enhancer = Enhancer()
        self.discriminator = Discriminator()
        self.teacher = DepthNet().requires_grad_(False)
