"""
Does an engine compute the same depth as torch in float32? Asked of every one before it is used.

Engines rewrite a network, and some have rewritten it wrongly: TensorRT 10.3 on Jetson is known for
depth that is not the network's.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.rays import assumed_directions
from steps_ros.errors import SettingsError
from steps_ros.inference.engines.job import Forward, Job
from steps_ros.inference.network_size import Size

# Float16 stays well below with every network so far, bfloat16 with some.
MOST_MEDIAN, MOST_P99 = 0.005, 0.03
SEED = 0
# Wider and narrower cameras than the assumed one, for networks that see rays.
RAY_FACTORS = (1.0, 0.5, 1.5)


class Agreement(NamedTuple):
    """Relative difference of depth: the median, the 99th percentile and the largest."""

    median: float
    p99: float
    largest: float

    @property
    def is_good(self) -> bool:
        """Say whether the engine may be used."""
        within = self.median <= MOST_MEDIAN and self.p99 <= MOST_P99
        return within and math.isfinite(self.largest)

    @property
    def text(self) -> str:
        """Return the numbers for people."""
        return (
            f'depth differs from float32 torch by {self.median:.2%} in the median and '
            f'{self.p99:.2%} in the 99th percentile'
            f'{"" if math.isfinite(self.largest) else ", and is not finite somewhere"}'
        )


@torch.inference_mode()
def check(forward: Forward, job: Job) -> Agreement:
    """
    Compare an engine with torch in float32 on the processor, on one picture and on two at once.

    :raises SettingsError: it gives another shape than (B, 1, H, W).
    """
    pictures, rays = sample_inputs(job)
    exact = exact_depth(job, pictures, rays)
    parts = []
    for part in (slice(0, 1), slice(1, None)):
        beside = None if rays is None else rays[part].to(job.device)
        parts.append(forward(pictures[part].to(job.device), beside).cpu())
    found = torch.cat(parts)
    if found.shape != exact.shape:
        raise SettingsError(f'it gives {tuple(found.shape)} where {tuple(exact.shape)} belongs')
    return agreement(_depth(found.float(), job), exact)


@torch.inference_mode()
def exact_depth(job: Job, pictures: Tensor, rays: Tensor | None) -> Tensor:
    """Return the depth (B, 1, H, W) that torch computes in float32 on the processor."""
    return _depth(job.network.disparity(pictures, rays), job)


def agreement(found: Tensor, exact: Tensor) -> Agreement:
    """Return how far depth is from the exact one; what is not finite is infinitely far."""
    difference = (found / exact - 1).abs().nan_to_num(nan=torch.inf, posinf=torch.inf)
    # Without interpolation, which makes NaN between infinite numbers.
    median, p99, largest = np.percentile(difference.numpy(), (50, 99, 100), method='lower')
    return Agreement(float(median), float(p99), float(largest))


def sample_inputs(job: Job) -> tuple[Tensor, Tensor | None]:
    """Return three pictures (3, 3, H, W) and their rays (3, 2, H, W), in the host's memory."""
    rng = np.random.default_rng(SEED)
    stacked = np.stack([_noise(rng, job.size), _night(rng, job.size), _lit(rng, job.size)])
    pictures = torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div(255)
    if not job.network.config.sees_rays:
        return pictures, None
    factors = torch.tensor(RAY_FACTORS)[:, None, None, None]
    return pictures, assumed_directions(pictures) * factors


def _depth(disparity: Tensor, job: Job) -> Tensor:
    config = job.network.config
    return disparity_to_depth(disparity, config.min_depth, config.max_depth)


def _noise(rng: np.random.Generator, size: Size) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (*size, 3), np.uint8)


def _night(rng: np.random.Generator, size: Size) -> NDArray[np.uint8]:
    """Return a dark road that fades into the distance, with lamps and the noise of a sensor."""
    height, width = size
    rows = np.abs(np.linspace(-1, 1, height, dtype=np.float32))[:, None, None]
    tint = np.array((60, 48, 36), np.float32)
    picture = np.ascontiguousarray(np.broadcast_to(rows * tint, (height, width, 3)))
    for _ in range(12):
        place = (int(rng.integers(0, width)), int(rng.integers(0, height // 2 + 1)))
        colour = (255.0, float(rng.integers(150, 256)), float(rng.integers(60, 256)))
        cv2.circle(picture, place, int(rng.integers(1, 6)), colour, -1)
    noisy = picture + rng.normal(0, 6, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _lit(rng: np.random.Generator, size: Size) -> NDArray[np.uint8]:
    """Return smooth colours with edges."""
    coarse = rng.integers(0, 256, (6, 10, 3), np.uint8)
    picture = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    height, width = size
    cv2.rectangle(picture, (width // 4, height // 3), (width // 2, height - 8), (20,) * 3, -1)
    return np.asarray(picture, np.uint8)
