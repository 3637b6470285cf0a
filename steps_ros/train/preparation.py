"""
How the networks of a training compute and learn: memory format, statistics, compilation, Adam.

None of it changes the names or the shapes of their weights.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from steps_ros.errors import first_line, SettingsError
from steps_ros.train.networks import Networks
from steps_ros.train.optimisers import Adam
from steps_ros.train.training_settings import TrainingSettings


def prepare_networks(
    networks: Networks, settings: TrainingSettings, device: torch.device, processes: int = 1
) -> Networks:
    """
    Make the networks compute as the settings say; they are changed in place.

    The enhancer, small and run in several ways, is not compiled. BatchNorm on GPUs takes its
    statistics over all processes; on a CPU each process has its own.
    """
    if processes > 1 and device.type == 'cuda':
        nn.SyncBatchNorm.convert_sync_batchnorm(networks)  # type: ignore[no-untyped-call]
    if settings.channels_last:
        networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if settings.compile:
        for network in (networks.depth, networks.pose):
            if network is not None:
                network.compile()
    return networks


def require_compiler(device: torch.device) -> None:
    """
    Compile an addition, to know before the first step whether it can be done.

    :raises SettingsError: it cannot.
    """
    try:
        torch.compile(lambda value: value + 1)(torch.zeros(8, device=device))
    except Exception as error:  # torch promises no type for what its compilers lack
        raise SettingsError(
            f'torch cannot compile here ({first_line(error)}); install a C++ compiler, or '
            'train without --compile'
        ) from error


def make_optimiser(networks: Networks, settings: TrainingSettings) -> Adam:
    """Return Adam for depth and pose, and for the enhancer with its weight decay."""
    plain = [*networks.depth.parameters()]
    if networks.pose is not None:
        plain += networks.pose.parameters()
    groups: list[dict[str, Any]] = [{'params': plain}]
    if networks.enhancer is not None:
        enhancer = [*networks.enhancer.parameters()]
        groups.append({'params': enhancer, 'weight_decay': settings.enhancer_decay})
    return Adam(groups, settings.learning_rate)
