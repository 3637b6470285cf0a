"""
The enhancer's own training: its self-calibrated loss on grey night pictures alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.core.losses import sie_loss
from steps_ros.train.shards import Shards


@dataclass(frozen=True)
class EnhancerSettings:
    """
    How the enhancer is trained.

    :param crop: height and width of the crops in pixels.
    :param first_offset: how much brighter than the picture the untrained illumination is; at the
        usual start of 0.5 a short training would leave the picture nearly as dark as it was.
    """

    steps: int = 200
    batch: int = 2
    crop: tuple[int, int] = (64, 96)
    learning_rate: float = 5e-4
    first_offset: float = 0.22
    weight_decay: float = 3e-4
    seed: int = 0


def train_enhancer(
    shards: Shards,
    settings: EnhancerSettings,
    progress: Callable[[int, float], None] | None = None,
) -> SelfCalibratedEnhancer:
    """Train a one-channel enhancer on night pictures and return it in eval mode."""
    torch.manual_seed(settings.seed)
    enhancer = SelfCalibratedEnhancer(1).train()
    start = math.log(settings.first_offset / (1 - settings.first_offset))
    torch.nn.init.constant_(enhancer.illumination.conv_out.bias, start)  # type: ignore[arg-type]
    optimiser = torch.optim.Adam(
        enhancer.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    for step in range(settings.steps):
        grey = draw_grey(shards, settings, np.random.default_rng((settings.seed, 3, step)))
        loss = sie_loss(enhancer(grey))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(enhancer.parameters(), 5.0)
        optimiser.step()
        if progress:
            progress(step, float(loss.detach()))
    return enhancer.eval()


def draw_grey(
    shards: Shards, settings: EnhancerSettings, generator: np.random.Generator
) -> Tensor:
    """Return random grey crops, (B, 1, h, w) in [0, 1], by OpenCV's integer formula."""
    crops = [_crop(shards, settings.crop, generator) for _ in range(settings.batch)]
    return torch.from_numpy(np.stack(crops))[:, None].float() / 255


def _crop(
    shards: Shards, crop: tuple[int, int], generator: np.random.Generator
) -> NDArray[np.uint8]:
    images = shards.streets[int(generator.integers(len(shards.streets)))].images
    count, exposures, height, width, _ = images.shape
    image = images[int(generator.integers(count)), int(generator.integers(exposures))]
    top = int(generator.integers(max(1, height - crop[0] + 1)))
    left = int(generator.integers(max(1, width - crop[1] + 1)))
    window = np.ascontiguousarray(image[top : top + crop[0], left : left + crop[1]])
    return np.asarray(cv2.cvtColor(window, cv2.COLOR_RGB2GRAY), np.uint8)
