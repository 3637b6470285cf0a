"""
The depth network: residual encoder, and decoder with sigmoid disparities (steps_spec 2.1, 2.2).

``RESNET18`` and ``RESNET50`` are the networks of RNW and STEPS; ``TINY`` has the same parts with
fewer channels and zero padding, which every inference engine takes. ``TINY_RAYS`` and
``RESNET18_RAYS`` are given the direction of each pixel's ray beside its colour, so that they know
a wide camera from a narrow one, and see pictures in the shape they have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import torch
from torch import nn, Tensor
from torch.nn import functional

from steps_ros.core.narrow_convolution import narrow_convolution
from steps_ros.core.rays import assumed_directions, RAY_CHANNELS
from steps_ros.core.resnet import EncoderConfig, ResNetEncoder
from steps_ros.core.upsampling import doubled_convolution

Convolving = Callable[[Tensor, nn.Conv2d], Tensor]
DECODER_SLOPE = 0.01
COLOURS = 3


class Forms(NamedTuple):
    """
    How the decoder is written down: forms that give the same numbers and are fast in torch.

    ``doubled`` convolves a level enlarged twofold, ``narrow`` convolves to one channel,
    ``sigmoid`` makes that a disparity. Engines that read the network as a graph want others.
    """

    doubled: Convolving = doubled_convolution
    narrow: Convolving = narrow_convolution
    sigmoid: Callable[[Tensor], Tensor] = torch.sigmoid


@dataclass(frozen=True)
class DepthNetConfig:
    """
    What the weights of a depth network depend on.

    ``decoder`` are the widths of the five decoder levels, finest first. Depth runs from
    ``min_depth`` at disparity 1 to ``max_depth`` at disparity 0. An encoder of five channels takes
    three of colour and two of ray directions.
    """

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: tuple[int, ...] = (64, 64, 128, 256, 512)
    padding: Literal['reflect', 'zeros'] = 'reflect'
    min_depth: float = 0.1
    max_depth: float = 100.0

    @property
    def sees_rays(self) -> bool:
        """Whether the network is given the directions of the pixels' rays."""
        return self.encoder.channels == COLOURS + RAY_CHANNELS


RESNET18 = DepthNetConfig()
RESNET50 = DepthNetConfig(EncoderConfig(block='bottleneck', depths=(3, 4, 6, 3)))
TINY = DepthNetConfig(
    EncoderConfig(stem=32, widths=(32, 64, 128, 256)),
    decoder=(16, 32, 48, 96, 160),
    padding='zeros',
)
RESNET18_RAYS = DepthNetConfig(
    EncoderConfig(channels=COLOURS + RAY_CHANNELS),
    decoder=(32, 48, 96, 160, 256),
    padding='zeros',
)
TINY_RAYS = replace(TINY, encoder=replace(TINY.encoder, channels=COLOURS + RAY_CHANNELS))


class DepthDecoder(nn.Module):
    """
    Features to disparities at 1/1 to 1/16 of the input.

    Lists are ordered finest first, so index i is the reference's ``reduceI``, ``convI``,
    ``up_convI`` and ``disp_convI``.
    """

    def __init__(self, config: DepthNetConfig) -> None:
        super().__init__()
        self.forms = Forms()
        features, widths = config.encoder.feature_widths, config.decoder
        below = (*widths[1:], widths[-1])

        def conv3(channels: int, width: int) -> nn.Conv2d:
            return nn.Conv2d(channels, width, 3, padding=1, padding_mode=config.padding)

        coarsest = len(widths) - 1
        self.reduce = nn.ModuleList(
            nn.Conv2d(channels, width, 1, bias=False)
            for channels, width in zip(features, widths, strict=True)
        )
        self.conv = nn.ModuleList(
            conv3(channels, width) for channels, width in zip(below, widths, strict=True)
        )
        self.up_conv = nn.ModuleList(
            conv3(width if level == coarsest else 2 * width, width)
            for level, width in enumerate(widths)
        )
        self.head = nn.ModuleList(conv3(width, 1) for width in widths)

    def _levels(self, features: list[Tensor]) -> list[Tensor]:
        """Return the decoded features, finest first."""
        *finer, coarsest = [
            reduce(feature) for reduce, feature in zip(self.reduce, features, strict=True)
        ]
        level = _leaky(self.conv[-1](coarsest))
        levels = [self._doubled(level, -1)]
        for index in range(len(finer) - 1, -1, -1):
            level = _leaky(torch.cat((self.conv[index](levels[0]), finer[index]), dim=1))
            levels.insert(0, self._doubled(level, index))
        return levels

    def _doubled(self, level: Tensor, index: int) -> Tensor:
        convolution = self.up_conv[index]
        assert isinstance(convolution, nn.Conv2d)
        return _leaky(self.forms.doubled(level, convolution))

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Return five disparities in (0, 1), (B, 1, H / 2**i, W / 2**i)."""
        return [self._disparity(*level) for level in enumerate(self._levels(features))]

    def finest(self, features: list[Tensor]) -> Tensor:
        """Return the disparity of full resolution alone, (B, 1, H, W)."""
        return self._disparity(0, self._levels(features)[0])

    def _disparity(self, index: int, level: Tensor) -> Tensor:
        head = self.head[index]
        assert isinstance(head, nn.Conv2d)
        return self.forms.sigmoid(self.forms.narrow(level, head))


def _leaky(feature: Tensor) -> Tensor:
    return functional.leaky_relu(feature, DECODER_SLOPE)


class DepthNet(nn.Module):
    """Image, and the rays of its pixels where the configuration has them, to disparities."""

    def __init__(self, config: DepthNetConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = ResNetEncoder(config.encoder)
        self.decoder = DepthDecoder(config)

    def forward(self, image: Tensor, rays: Tensor | None = None) -> list[Tensor]:
        """
        Predict disparities at five scales, for training.

        :param image: (B, 3, H, W) RGB in [0, 1]; H and W multiples of 32.
        :param rays: (B, 2, H, W), of :mod:`steps_ros.core.rays`; where the network sees them and
            they are None, those of an assumed camera. Without effect on a network that does not.
        :returns: five sigmoid outputs in (0, 1), finest first: (B, 1, H / 2**i, W / 2**i);
            :func:`steps_ros.core.geometry.disparity_to_depth` makes them depth.
        """
        return self.decoder(self._features(image, rays))  # type: ignore[no-any-return]

    def disparity(self, image: Tensor, rays: Tensor | None = None) -> Tensor:
        """Predict the finest disparity alone, (B, 1, H, W) in (0, 1), for inference."""
        return self.decoder.finest(self._features(image, rays))

    def _features(self, image: Tensor, rays: Tensor | None) -> list[Tensor]:
        if not self.config.sees_rays:
            return self.encoder(image)  # type: ignore[no-any-return]
        beside = assumed_directions(image) if rays is None else rays.to(image.dtype)
        return self.encoder(image, beside)  # type: ignore[no-any-return]
