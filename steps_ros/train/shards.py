"""
Simulated shards as training samples: drawn, augmented, and resized by a seed and a step.

The sample of a step depends on nothing but the seed and the step's number, so a run that was
interrupted goes on exactly as if it had not been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.errors import SourceError

NEAREST_DEPTH, FARTHEST_DEPTH, SKY_DEPTH = 0.5, 80.0, 100.0


@dataclass(frozen=True)
class Shards:
    """
    All streets of some folders in memory, one array per street.

    ``images`` uint8 (N, E, H, W, 3) RGB, ``depth`` float16 (N, H, W) metres with +inf for sky,
    ``intrinsics`` (N, 3, 3), ``mounting`` (N, 3): height in metres, pitch and roll in radians.
    """

    images: tuple[NDArray[np.uint8], ...]
    depth: tuple[NDArray[np.float16], ...]
    intrinsics: tuple[NDArray[np.float32], ...]
    mounting: tuple[NDArray[np.float32], ...]


class DepthBatch(NamedTuple):
    """
    Pictures with known depth.

    ``image`` (B, 3, H, W) RGB and ``grey`` (B, 1, H, W), both in [0, 1]; ``depth`` (B, 1, H, W)
    from 0.5 to 80 m, 100 m for sky.
    """

    image: Tensor
    grey: Tensor
    depth: Tensor


def load_shards(folders: Sequence[Path]) -> Shards:
    """
    Read all streets of the folders.

    :raises SourceError: a folder holds none, or a file is damaged.
    """
    streets = []
    for folder in folders:
        paths = sorted(folder.glob('*.npz'))
        if not paths:
            raise SourceError(f'{folder}: no training shards; make them with steps-ros simulate')
        streets += [_read(path) for path in paths]
    images, depth, intrinsics, mounting = zip(*streets, strict=True)
    return Shards(images, depth, intrinsics, mounting)


def draw_batch(
    shards: Shards, size: tuple[int, int], count: int, generator: np.random.Generator
) -> DepthBatch:
    """
    Draw and augment ``count`` pictures at ``size`` (height, width).

    Mirrored, brighter or darker, tinted, softer, noisier; the depth stays exact.
    """
    samples = [_draw_sample(shards, size, generator) for _ in range(count)]
    return to_batch([image for image, _ in samples], [depth for _, depth in samples])


def to_batch(
    images: Sequence[NDArray[np.uint8]], depths: Sequence[NDArray[np.float16]]
) -> DepthBatch:
    """Turn uint8 (H, W, 3) RGB pictures and (H, W) depths, +inf for sky, into a batch."""
    colour = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    grey = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images])
    depth = torch.from_numpy(np.stack(depths).astype(np.float32))[:, None]
    near = depth.clamp(NEAREST_DEPTH, FARTHEST_DEPTH)
    known = torch.where(torch.isfinite(depth), near, torch.full_like(depth, SKY_DEPTH))
    return DepthBatch(colour, torch.from_numpy(grey)[:, None].float() / 255, known)


def _draw_sample(
    shards: Shards, size: tuple[int, int], generator: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    street = int(generator.integers(len(shards.images)))
    frames = shards.images[street]
    frame, exposure = (
        int(generator.integers(frames.shape[0])),
        int(generator.integers(frames.shape[1])),
    )
    height, width = size
    image = cv2.resize(frames[frame, exposure], (width, height), interpolation=cv2.INTER_AREA)
    rows = np.arange(height) * frames.shape[2] // height
    columns = np.arange(width) * frames.shape[3] // width
    depth = shards.depth[street][frame][rows[:, None], columns[None]]
    if generator.random() < 0.5:
        image, depth = image[:, ::-1], depth[:, ::-1]
    return _augment(image, generator), np.ascontiguousarray(depth)


def _augment(image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Change what a camera might: exposure, tone, tint, sharpness, noise."""
    gain, tone = np.exp(generator.normal(0, 0.2)), np.exp(generator.normal(0, 0.12))
    tint = np.exp(generator.normal(0, 0.08, 3)).astype(np.float32)
    light = (image.astype(np.float32) / 255) ** np.float32(tone) * (np.float32(gain) * tint)
    if generator.random() < 0.08:
        light = np.repeat(light.mean(2, keepdims=True), 3, axis=2)
    if generator.random() < 0.3:
        light = cv2.GaussianBlur(light, (0, 0), generator.uniform(0.3, 1.2) * image.shape[1] / 320)
    if generator.random() < 0.4:
        noise = generator.standard_normal(light.shape, np.float32)
        light = light + noise * np.float32(generator.uniform(0.0, 0.03))
    return np.asarray(np.rint(np.clip(light, 0, 1) * 255), np.uint8)


def _read(
    path: Path,
) -> tuple[NDArray[np.uint8], NDArray[np.float16], NDArray[np.float32], NDArray[np.float32]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return file['images'], file['depth'], file['intrinsics'], file['mounting']
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(
            f'{path}: not a training shard ({error}); delete it and simulate again'
        ) from error
