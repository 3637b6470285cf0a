"""
The networks that a training begins with, and the checkpoint that it ends with.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from steps_ros.core.checkpoint import Checkpoint, Provenance
from steps_ros.core.depth_net import DepthNet, DepthNetConfig, RESNET18
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.named_weights import check_shape
from steps_ros.errors import CheckpointError
from steps_ros.train.networks import needed_networks, Networks
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.snapshot import part, read_snapshot
from steps_ros.train.supervised import start_at_depth


def starting_networks(
    start: Checkpoint, objective: ObjectiveSettings, teacher: DepthNet | None, seed: int
) -> Networks:
    """
    Return the networks that the objective needs, with the weights that a checkpoint holds.

    What it does not hold (pose, calibration, discriminator) begins at random, drawn from the seed.

    :param start: with a depth network, or with an encoder alone.
    :param teacher: the day network, where the objective is adversarial.
    :raises CheckpointError: it holds neither, or an encoder of another shape.
    """
    torch.manual_seed(seed)
    networks = needed_networks(objective, _config(start), teacher)
    if start.depth_net is not None:
        networks.depth.load_state_dict(start.depth_net.state_dict())
    elif start.encoder is not None:
        start_at_depth(networks.depth)
        _load_encoder(networks.depth, start)
    else:
        raise CheckpointError('--init holds no depth network to start from; give another file')
    if networks.enhancer is not None and start.enhancer is not None:
        _load_enhancer(networks, start)
    return networks.train()


def lend_pose(networks: Networks, snapshot: Path) -> None:
    """
    Let the pose network begin with what another training has learned of motion.

    :param networks: with a pose network.
    :param snapshot: of a training with a pose network.
    :raises CheckpointError: it is missing, damaged, or holds none that fits.
    """
    assert networks.pose is not None
    try:
        networks.pose.load_state_dict(part(read_snapshot(snapshot).tensors, 'networks.pose'))
    except RuntimeError as error:
        raise CheckpointError(
            f'{snapshot} holds no pose network; give a training that had one'
        ) from error


def finished_checkpoint(
    networks: Networks,
    start: Checkpoint,
    objective: ObjectiveSettings,
    size: tuple[int, int],
    source: str,
    step: int,
    **notes: Any,
) -> Checkpoint:
    """
    Return a copy of what the node needs of trained networks, on the CPU and in eval mode.

    An enhancer that did not learn stays that of the start; where the objective shows the depth
    network pictures as they are, so does the node.

    :param objective: what they learned by.
    :param size: (height, width) they were trained at.
    :param source: a sentence on where they come from.
    """
    depth_net = DepthNet(networks.depth.config)
    depth_net.load_state_dict(networks.depth.state_dict())
    enhancer = start.enhancer
    if networks.enhancer is not None:
        enhancer = IlluminationNet(networks.enhancer.illumination.channels)
        enhancer.load_state_dict(networks.enhancer.illumination.state_dict())
    return Checkpoint(
        depth_net=depth_net.eval(),
        enhancer=None if enhancer is None else enhancer.eval(),
        input_size=size,
        confidence=start.confidence,
        provenance=Provenance(source=source, step=step, notes=dict(notes)),
        sees_enhanced=objective.network_sees != 'raw',
    )


def _config(start: Checkpoint) -> DepthNetConfig:
    if start.depth_net is not None:
        return start.depth_net.config
    return (
        RESNET18
        if start.encoder_config is None
        else replace(RESNET18, encoder=start.encoder_config)
    )


def _load_encoder(depth: DepthNet, start: Checkpoint) -> None:
    assert start.encoder is not None
    for key, tensor in depth.encoder.state_dict().items():
        if key in start.encoder:
            check_shape('--init', f'encoder.{key}', start.encoder[key], tensor)
    found = depth.encoder.load_state_dict(start.encoder, strict=False)
    if found.unexpected_keys:
        raise CheckpointError(
            f'--init: encoder key {found.unexpected_keys[0]} is not of this network; give the '
            'encoder of a ResNet-18 or ResNet-50'
        )


def _load_enhancer(networks: Networks, start: Checkpoint) -> None:
    assert networks.enhancer is not None
    assert start.enhancer is not None
    own = networks.enhancer.illumination
    if start.enhancer.channels != own.channels:
        raise CheckpointError(
            f'--init: its enhancer has {start.enhancer.channels} channels, training takes '
            f'{own.channels}; give weights of STEPS, or none'
        )
    own.load_state_dict(start.enhancer.state_dict())
