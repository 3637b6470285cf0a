"""
What is learned by day: a network that knows depth there, and motion in any light.

The day network is given, made before, or trained on the day drives.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from steps_ros.core.checkpoint import Checkpoint, load_checkpoint
from steps_ros.core.depth_net import DepthNet
from steps_ros.errors import CheckpointError
from steps_ros.train.distributed import World
from steps_ros.train.loops import run_loop, take_up
from steps_ros.train.presets import DAY_TEACHING
from steps_ros.train.start import finished_checkpoint, starting_networks
from steps_ros.train.trainer import Training, Watch
from steps_ros.train.training_settings import TrainingSettings
from steps_ros.train.triplet_dataset import TripletDataset


def given_teacher(path: Path) -> DepthNet:
    """
    Return the depth network of a checkpoint.

    :raises CheckpointError: it cannot be read, or holds none.
    """
    depth_net = load_checkpoint(path).depth_net
    if depth_net is None:
        raise CheckpointError(f'{path} has no depth network to teach; give another --teacher')
    return depth_net


def teaching_loop(
    start: Checkpoint,
    settings: TrainingSettings,
    folder: Path,
    device: torch.device,
    world: World,
    motion_alone: bool = False,
) -> Training:
    """
    Return the training of a day network and of motion, where it was left.

    :param motion_alone: depth stays that of the start.
    """
    if motion_alone:
        settings = replace(settings, pose_warmup=settings.max_steps)
    networks = starting_networks(start, DAY_TEACHING, None, settings.seed).to(device)
    loop = Training(networks, DAY_TEACHING, settings, folder, device, world)
    take_up(loop)
    return loop


def train_teacher(
    loop: Training, day: TripletDataset, watch: Watch, start: Checkpoint
) -> Checkpoint | None:
    """Run the loop to its end and return what it made; None where the watch stopped it."""
    if not run_loop(loop, day, None, watch):
        return None
    size = (day.height, day.width)
    return finished_checkpoint(loop.result, start, DAY_TEACHING, size, 'day teacher', loop.step)
