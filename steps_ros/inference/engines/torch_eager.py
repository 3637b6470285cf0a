"""
The network by torch, operation by operation: what every other engine is measured against.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor

from steps_ros.core.depth_net import DepthNet
from steps_ros.inference.engines.job import Forward, Job


def missing(job: Job) -> str:
    """Return nothing: it is always there."""
    return ''


def version() -> str:
    """Return the version of torch."""
    return torch.__version__


def build(job: Job, folder: Path | None) -> Forward:
    """Put the network on the device."""
    return forward_of(on_device(job), job.dtype)


def load(job: Job, folder: Path) -> Forward:
    """Build it; there is nothing to keep."""
    return build(job, None)


def on_device(job: Job) -> DepthNet:
    """Return the network of the job itself where that is in place, else a copy."""
    is_in_place = job.device.type == 'cpu' and job.dtype == torch.float32
    network = job.network if is_in_place else deepcopy(job.network).to(job.device, job.dtype)
    # Channels-last is what convolutions of every backend run fastest on.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def forward_of(network: DepthNet, dtype: torch.dtype) -> Forward:
    """Return the engine of a network that is on its device in its number type."""

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        seen = pictures.to(dtype, memory_format=torch.channels_last)
        return network.disparity(seen, None if rays is None else rays.to(dtype)).float()

    return forward
