"""
The network by torch, operation by operation: what every other engine is measured against.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import torch
from torch import nn, Tensor

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
    return forward_of(job)


def load(job: Job, folder: Path) -> Forward:
    """Build it; there is nothing to keep."""
    return build(job, None)


def forward_of(job: Job) -> Forward:
    """Return the engine of a network that is on its device in its number types."""
    network, edge = _on_device(job), job.edge_dtype

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        seen = pictures.to(edge, memory_format=torch.channels_last)
        return network.disparity(seen, None if rays is None else rays.to(edge)).float()

    return forward


def _on_device(job: Job) -> DepthNet:
    """Return the network of the job itself where that is in place, else a copy."""
    is_in_place = job.device.type == 'cpu' and job.dtype == torch.float32
    network = job.network if is_in_place else deepcopy(job.network).to(job.device, job.edge_dtype)
    if job.edge_dtype != job.dtype:
        _round_between_edges(network, job.dtype)
    # Channels-last is what convolutions of every backend run fastest on.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


class _Rounding(nn.Module):
    """Hands features on in another number type."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype

    def forward(self, feature: Tensor) -> Tensor:
        return feature.to(self._dtype)


def _round_between_edges(network: DepthNet, dtype: torch.dtype) -> None:
    """Let all convolutions but the first and the last compute in a number type of 16 bits."""
    edges = {*network.encoder.stem, *network.decoder.head}
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer not in edges:
            layer.to(dtype)
    network.encoder.stem.append(_Rounding(dtype))
    forms = network.decoder.forms
    network.decoder.forms = forms._replace(
        narrow=lambda feature, head: forms.narrow(feature.to(head.weight.dtype), head)
    )
