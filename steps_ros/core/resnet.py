"""
Residual encoders without max-pooling, as RNW and STEPS use them (steps_spec 2.1).

The stem halves the image and each of the four stages halves it again, so the five features
lie at 1/2 to 1/32 of the input. Height and width must be multiples of 32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn, Tensor

IMAGE_MEAN = 0.45
IMAGE_SPREAD = 0.225
STRIDE = 32


@dataclass(frozen=True)
class EncoderConfig:
    """
    Shape of an encoder.

    ``widths`` and ``depths`` are the channels (of a basic block) and the number of blocks of the
    four stages; a bottleneck block has four times its width as output. ``slope`` is that of
    the leaky ReLU inside the blocks, 0 for a plain ReLU; the stem always has a plain one.
    """

    block: Literal['basic', 'bottleneck'] = 'basic'
    stem: int = 64
    widths: tuple[int, ...] = (64, 128, 256, 512)
    depths: tuple[int, ...] = (2, 2, 2, 2)
    channels: int = 3
    slope: float = 0.01

    @property
    def feature_widths(self) -> tuple[int, ...]:
        """Channels of the five features, finest first."""
        expansion = BLOCKS[self.block].expansion
        return (self.stem, *(width * expansion for width in self.widths))


def _activation(slope: float) -> nn.Module:
    return nn.LeakyReLU(slope, inplace=True) if slope else nn.ReLU(inplace=True)


def _shortcut(channels: int, width: int, stride: int) -> nn.Module:
    if channels == width and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    expansion = 1

    def __init__(self, channels: int, width: int, stride: int, slope: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = _shortcut(channels, width, stride)
        self.activation = _activation(slope)

    def forward(self, feature: Tensor) -> Tensor:
        """Return the block's output, (B, width, H / stride, W / stride)."""
        residual = self.activation(self.bn1(self.conv1(feature)))
        residual = self.bn2(self.conv2(residual))
        return self.activation(residual + self.shortcut(feature))  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """1x1, 3x3 (which carries the stride, as in torchvision) and 1x1 convolutions."""

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int, slope: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.shortcut = _shortcut(channels, width * self.expansion, stride)
        self.activation = _activation(slope)

    def forward(self, feature: Tensor) -> Tensor:
        """Return the block's output, (B, 4 width, H / stride, W / stride)."""
        residual = self.activation(self.bn1(self.conv1(feature)))
        residual = self.activation(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))
        return self.activation(residual + self.shortcut(feature))  # type: ignore[no-any-return]


BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {
    'basic': BasicBlock,
    'bottleneck': Bottleneck,
}


def _stage(config: EncoderConfig, channels: int, width: int, depth: int) -> nn.Sequential:
    block = BLOCKS[config.block]
    inner = width * block.expansion
    rest = (block(inner, width, 1, config.slope) for _ in range(depth - 1))
    return nn.Sequential(block(channels, width, 2, config.slope), *rest)


class ResNetEncoder(nn.Module):
    """
    Image to five features; the image is normalised inside.

    What is no colour (the directions of the pixels' rays) is given apart and not normalised.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(config.channels, config.stem, 7, 2, 3, bias=False),
            nn.BatchNorm2d(config.stem),
            nn.ReLU(inplace=True),
        )
        inputs = config.feature_widths[:4]
        self.stages = nn.ModuleList(
            _stage(config, channels, width, depth)
            for channels, width, depth in zip(inputs, config.widths, config.depths, strict=True)
        )

    def forward(self, image: Tensor, beside: Tensor | None = None) -> list[Tensor]:
        """
        Encode an image.

        :param image: (B, C, H, W), in [0, 1]; H and W multiples of 32.
        :param beside: (B, channels - C, H, W), None where the image has all channels.
        :returns: five features, finest first: (B, C_i, H / 2**(i+1), W / 2**(i+1)).
        """
        seen = (image - IMAGE_MEAN) / IMAGE_SPREAD
        feature = self.stem(seen if beside is None else torch.cat((seen, beside), dim=1))
        features = [feature]
        for stage in self.stages:
            feature = stage(feature)
            features.append(feature)
        return features
