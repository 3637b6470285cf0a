"""
Supervised warm start: a depth network learns simulated depth from enhanced pictures.

The picture is enhanced by a frozen illumination network first, as at inference. Small
pictures come first and the final size last; the weights that are kept are a running mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn, Tensor
from torch.optim.swa_utils import AveragedModel

from steps_ros.core.depth_net import DepthNet
from steps_ros.core.illumination import enhance, IlluminationNet
from steps_ros.data.working_ahead import in_order
from steps_ros.train.mean_networks import running_mean
from steps_ros.train.optimisers import AdamW
from steps_ros.train.shards import DepthBatch, draw_batch, Shards
from steps_ros.train.snapshot import (
    named,
    optimiser_tensors,
    part,
    read_snapshot,
    refused,
    restore_optimiser,
    Snapshot,
    write_snapshot,
)
from steps_ros.train.supervision import supervised_loss
from steps_ros.train.training_settings import PRECISIONS

Progress = Callable[[int, float], None]
State = dict[str, Tensor]
# The saved state, and its parts.
SAVED = 'supervised.npz'
NET, OPTIMISER, MEAN = 'net', 'optimiser', 'mean'
# The depth that an untrained network says: the middle of a street.
FIRST_DEPTH = 10.0


@dataclass(frozen=True)
class Stage:
    """
    Steps at one picture size.

    ``lit_skies`` is the share of the pictures that get more light in their sky. Where
    ``by_light``, pictures are enhanced as far as the node does it in their light; else in full.
    With a ``rate``, the learning rate begins anew there, but for the first stage.
    """

    height: int
    width: int
    steps: int
    batch: int
    lit_skies: float = 0.0
    by_light: bool = False
    rate: float | None = None


@dataclass(frozen=True)
class SupervisedSettings:
    """
    How the warm start runs.

    :param stages: sizes in their order.
    :param learning_rate: highest rate of AdamW, reached after ``warmup`` steps; then a cosine to
        ``final_rate``, which ends with the last stage or where one with a rate of its own begins.
    :param precision: of the network, by autocast; the loss is in float32.
    """

    stages: tuple[Stage, ...]
    seed: int = 0
    learning_rate: float = 8e-4
    final_rate: float = 1e-5
    warmup: int = 200
    weight_decay: float = 1e-4
    mean_decay: float = 0.998
    save_every: int = 100
    precision: str = 'float32'

    @property
    def steps(self) -> int:
        """Number of steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def stage_of(self, step: int) -> Stage:
        """Return the stage that a step belongs to."""
        for stage in self.stages:
            if step < stage.steps:
                return stage
            step -= stage.steps
        return self.stages[-1]

    def rate_of(self, step: int) -> float:
        """Return the learning rate of a step."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        begin, highest, end = self.warmup, self.learning_rate, 0
        for stage in self.stages:
            if stage.rate is not None and end:
                if step < end:
                    break
                begin, highest = end, stage.rate
            end += stage.steps
        share = min(1.0, (step - begin) / max(1, end - begin))
        cosine = 0.5 + 0.5 * math.cos(math.pi * share)
        return self.final_rate + (highest - self.final_rate) * cosine


def start_at_depth(net: DepthNet, depth: float = FIRST_DEPTH) -> None:
    """Set the heads' biases so that an untrained network says this depth in metres."""
    nearest, farthest = 1 / net.config.min_depth, 1 / net.config.max_depth
    disparity = (1 / depth - farthest) / (nearest - farthest)
    for head in net.decoder.head:
        nn.init.constant_(head.bias, math.log(disparity / (1 - disparity)))  # type: ignore[arg-type]


def train_supervised(
    net: DepthNet,
    illumination: IlluminationNet,
    shards: Shards,
    settings: SupervisedSettings,
    folder: Path,
    progress: Progress | None = None,
) -> DepthNet:
    """
    Train ``net`` and return it with its mean weights, in eval mode.

    The state is saved in ``folder`` now and then; a later call goes on from there, and the
    result is the same as without a break.

    :param progress: called with the step's number and loss.
    """
    net.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    illumination.eval()
    optimiser = AdamW(net.parameters(), weight_decay=settings.weight_decay)
    mean = running_mean(net, settings.mean_decay)
    saved = folder / SAVED
    precision = PRECISIONS[settings.precision]
    start = _resume(saved, net, optimiser, mean)
    batches = in_order(partial(_batch_of, shards, settings), range(start, settings.steps))
    for step, batch in enumerate(batches, start):
        loss = _step(net, illumination, optimiser, batch, settings.rate_of(step), precision)
        mean.update_parameters(net)
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            _save(saved, net, optimiser, mean, step + 1)
        if progress:
            progress(step, loss)
    net.load_state_dict(mean.module.state_dict())
    return net.eval()


def _batch_of(shards: Shards, settings: SupervisedSettings, step: int) -> DepthBatch:
    """Draw the pictures of a step, which depend on the seed and its number alone."""
    stage = settings.stage_of(step)
    generator = np.random.default_rng((settings.seed, 7, step))
    size = stage.height, stage.width
    return draw_batch(shards, size, stage.batch, generator, stage.lit_skies, stage.by_light)


def mean_weights(folder: Path) -> tuple[State, int]:
    """Return the running mean of the weights saved in ``folder``, and its step."""
    snapshot = read_snapshot(folder / SAVED)
    return part(snapshot.tensors, f'{MEAN}.module'), snapshot.step


def enhanced_input(batch: DepthBatch, illumination: IlluminationNet) -> Tensor:
    """Return what the depth network sees, (B, 3, H, W)."""
    with torch.no_grad():
        return enhance(batch.image, illumination(batch.grey).clamped ** batch.enhancement)


def _step(
    net: DepthNet, illumination: IlluminationNet, optimiser: torch.optim.Optimizer,
    batch: DepthBatch, rate: float, precision: torch.dtype | None,
) -> float:  # fmt: skip
    for group in optimiser.param_groups:
        group['lr'] = rate
    image = enhanced_input(batch, illumination).contiguous(memory_format=torch.channels_last)
    with torch.autocast('cpu', precision, enabled=precision is not None):
        disparities = net(image, batch.rays)
    exact = [disparity.float() for disparity in disparities]
    loss = supervised_loss(exact, batch.depth, net.config)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach())


def _resume(
    path: Path, net: DepthNet, optimiser: torch.optim.Optimizer, mean: AveragedModel
) -> int:
    """Put back what :func:`_save` saved; return the number of steps done."""
    if not path.exists():
        return 0
    snapshot = read_snapshot(path)
    with refused(path):
        net.load_state_dict(part(snapshot.tensors, NET))
        mean.load_state_dict(part(snapshot.tensors, MEAN))
        restore_optimiser(optimiser, OPTIMISER, snapshot.tensors)
    return snapshot.step


def _save(
    path: Path, net: DepthNet, optimiser: torch.optim.Optimizer, mean: AveragedModel, step: int
) -> None:
    tensors = optimiser_tensors(optimiser, OPTIMISER)
    tensors |= named(NET, net.state_dict()) | named(MEAN, mean.state_dict())
    write_snapshot(Snapshot(step, tensors), path)
