"""Small networks and random frames for tests of training."""

from __future__ import annotations

import torch

from steps_ros.core.depth_net import DepthNet, TINY
from steps_ros.train.batch import TripletBatch
from steps_ros.train.networks import needed_networks, Networks
from steps_ros.train.objective_settings import ObjectiveSettings


def batch_of(frames: torch.Tensor) -> TripletBatch:
    """Return frames as a batch; half of the depth is known, a quarter of it sky."""
    height, width = frames.shape[-2:]
    intrinsics = torch.tensor(
        [[0.9 * width, 0, width / 2], [0, 0.9 * width, height / 2], [0, 0, 1]]
    )
    depth = torch.full((len(frames), 1, height, width), 7.0)
    depth[..., : height // 4, :] = torch.inf
    depth[..., ::2] = torch.nan
    return TripletBatch(frames, intrinsics.expand(len(frames), 3, 3).clone(), depth)


def random_batch(height: int = 64, width: int = 96, count: int = 2) -> TripletBatch:
    """Return the same dark noise at every call."""
    generator = torch.Generator().manual_seed(0)
    shape = (count, 3, 3, height, width)
    return batch_of(torch.randint(0, 120, shape, dtype=torch.uint8, generator=generator))


def networks_of(settings: ObjectiveSettings) -> Networks:
    """Return the small networks that an objective needs, the same at every call."""
    torch.manual_seed(0)
    return needed_networks(settings, TINY, DepthNet(TINY))
