"""
The training loop.

One step: losses of a night batch (and a day batch), gradients averaged over processes and
clipped, one step of the networks, one step of the discriminator, a line in the log. Every random
number is drawn from the seed and the number of the step, so that a training that was killed goes
on from its last snapshot to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
import math
from pathlib import Path
import time
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn, Tensor
from torch.optim import Adam

from steps_ros.data.outputs import npz_bytes, write_file
from steps_ros.errors import TrainingError
from steps_ros.train.distributed import World
from steps_ros.train.logs import Board, JsonLines, plain_numbers
from steps_ros.train.networks import Networks
from steps_ros.train.objective import discriminator_loss, step_losses
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.objective_state import ObjectiveState
from steps_ros.train.prefetch import Batches
from steps_ros.train.snapshot import (
    named,
    optimiser_tensors,
    part,
    read_snapshot,
    restore_optimiser,
    Snapshot,
    write_snapshot,
)
from steps_ros.train.step_result import Panels
from steps_ros.train.training_settings import PRECISIONS, TrainingSettings

LAST, BEST = 'last.npz', 'best.npz'
SNAPSHOTS = 'checkpoints'
LOG, TIMING = 'train.jsonl', 'timing.jsonl'
ALONE = World()


class StepReport(NamedTuple):
    """What one step did: losses by name, samples per second, share of the time waited."""

    step: int
    losses: dict[str, float]
    samples_per_s: float
    waited_share: float

    def timing(self) -> dict[str, float]:
        """Return the numbers that no two runs share."""
        return {'samples_per_s': self.samples_per_s, 'waited_share': self.waited_share}


Watch = Callable[[StepReport], bool]
Validate = Callable[[Networks, int], float]


@dataclass
class Training:
    """
    A training that can be run, saved and taken up again.

    ``networks`` are on the device already; ``folder`` gets logs and snapshots; ``step`` counts
    what is done, ``best`` is the smallest number that validation gave.
    """

    networks: Networks
    objective: ObjectiveSettings
    settings: TrainingSettings
    folder: Path
    device: torch.device
    world: World = ALONE
    steps_per_epoch: int = 1
    step: int = 0
    best: float = math.inf

    def __post_init__(self) -> None:
        """Make the optimisers and the state of the objective."""
        average = self.world.mean if self.world.size > 1 else None
        self.state = ObjectiveState(self.objective, self.settings.seed, average)
        self.optimiser = _optimiser(self.networks, self.settings)
        critic = self.networks.discriminator
        rate = self.settings.learning_rate
        self.critic = None if critic is None else Adam(critic.parameters(), rate)

    def run(
        self,
        batches: Iterator[Batches],
        watch: Watch = lambda _: False,
        validate: Validate | None = None,
        board: Board | None = None,
    ) -> bool:
        """
        Train until ``max_steps``, or until ``watch`` says to stop after a step.

        :param batches: those of step ``self.step`` on.
        :param validate: returns a number that is smaller for better networks.
        :returns: whether it came to its end.
        :raises TrainingError: a loss is not finite; the batch is saved and named.
        :raises OutputError: logs or snapshots cannot be written; the last snapshot is whole.
        """
        self._set_modes()
        log, timing = (JsonLines(self.folder / name, self.step) for name in (LOG, TIMING))
        try:
            while self.step < self.settings.max_steps:
                started = time.perf_counter()
                batch = next(batches)
                losses, panels = self._one_step(batch)
                self.step += 1
                report = self._report(losses, batch, time.perf_counter() - started)
                if self.world.is_writer:
                    log.write(self.step, report.losses)
                    timing.write(self.step, report.timing())
                self._show(report, panels, board)
                self._keep(validate)
                if watch(report):
                    break
        finally:
            log.close()
            timing.close()
        self.save()
        return self.step >= self.settings.max_steps

    def save(self, name: str = LAST) -> None:
        """
        Write a snapshot.

        :raises OutputError: the disk is full; the former snapshot is kept.
        """
        if not self.world.is_writer:
            return
        tensors = named('networks', self.networks.state_dict())
        tensors |= optimiser_tensors(self.optimiser, 'optimiser')
        if self.critic is not None:
            tensors |= optimiser_tensors(self.critic, 'critic')
        tensors |= named('state', self.state.state_dict())
        snapshot = Snapshot(self.step, tensors, {'best': self.best})
        write_snapshot(snapshot, self.folder / SNAPSHOTS / name)

    def restore(self, name: str = LAST) -> None:
        """
        Take up a snapshot.

        :raises CheckpointError: missing, damaged, or of other networks.
        """
        snapshot = read_snapshot(self.folder / SNAPSHOTS / name)
        self.networks.load(part(snapshot.tensors, 'networks'), str(self.folder))
        restore_optimiser(self.optimiser, 'optimiser', snapshot.tensors)
        if self.critic is not None:
            restore_optimiser(self.critic, 'critic', snapshot.tensors)
        self.state.load_state_dict(part(snapshot.tensors, 'state'), self.device)
        self.step, self.best = snapshot.step, float(snapshot.values['best'])

    def _one_step(self, batch: Batches) -> tuple[dict[str, float], Panels]:
        """Take one step of all networks; return what was minimised, and pictures of it."""
        night = batch.night.to(self.device)
        day = None if batch.day is None else batch.day.to(self.device)
        noise = torch.Generator(self.device).manual_seed(_seed(self.settings.seed, self.step))
        with self._autocast():
            result = step_losses(self.networks, night, day, self.objective, self.state, noise)
        total = result.losses.total(self.objective)
        losses = {**result.losses.scalars(), 'total': total}
        self._require_finite(total, batch)
        losses['gradient_norm'] = self._descend(self.optimiser, total)
        if self.critic is not None:
            with self._autocast():
                loss = discriminator_loss(self.networks, result, self.objective, self.state)
            self._require_finite(loss, batch)
            losses['discriminator'] = loss
            self._descend(self.critic, loss)
        return plain_numbers(losses), result.panels

    def _descend(self, optimiser: Adam, loss: Tensor) -> Tensor:
        """Take one step down the averaged and clipped gradient; return its norm before that."""
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        parameters = [item for group in optimiser.param_groups for item in group['params']]
        self.world.average_gradients(parameters)
        norm = nn.utils.clip_grad_norm_(parameters, self.settings.clip_norm)
        for group in optimiser.param_groups:
            group['lr'] = self.settings.rate_of(self.step, self.steps_per_epoch)
        optimiser.step()
        return norm

    def _set_modes(self) -> None:
        """Put the networks into training mode, and hold back what only learns later."""
        self.networks.train(not self.settings.holds_statistics)
        for network in (self.networks.depth, self.networks.enhancer):
            if network is not None:
                network.requires_grad_(self.step >= self.settings.pose_warmup)

    def _autocast(self) -> AbstractContextManager[object]:
        dtype = PRECISIONS[self.settings.precision]
        return nullcontext() if dtype is None else torch.autocast(self.device.type, dtype)

    def _require_finite(self, loss: Tensor, batch: Batches) -> None:
        if torch.isfinite(loss):
            return
        path = self.folder / f'bad_batch_{self.step:06d}.npz'
        frames = {'night': batch.night.frames.numpy()}
        if batch.day is not None:
            frames['day'] = batch.day.frames.numpy()
        write_file(path, npz_bytes(frames))
        raise TrainingError(
            f'the loss of step {self.step} is {loss.item()}; its frames are in {path}: look at '
            'them, and try a smaller learning rate or float32'
        )

    def _report(self, losses: dict[str, float], batch: Batches, seconds: float) -> StepReport:
        samples = len(batch.night.frames) * self.world.size
        return StepReport(self.step, losses, samples / seconds, batch.waited_s / seconds)

    def _show(self, report: StepReport, panels: Panels, board: Board | None) -> None:
        if board is None or not self.world.is_writer:
            return
        board.scalars(report.step, {**report.losses, **report.timing()})
        if report.step % self.settings.panels_every == 0:
            for name, picture in panels._asdict().items():
                if picture is not None:
                    board.picture(report.step, name, picture)

    def _keep(self, validate: Validate | None) -> None:
        """Validate and save when it is time."""
        every = self.settings.validate_every
        if validate is not None and every and self.step % every == 0:
            self.networks.eval()
            score = validate(self.networks, self.step)
            if score < self.best:
                self.best = score
                self.save(BEST)
            self._set_modes()
        if self.step == self.settings.pose_warmup:
            self._set_modes()
        if self.step % self.settings.save_every == 0:
            self.save()


def _optimiser(networks: Networks, settings: TrainingSettings) -> Adam:
    """Return Adam for depth and pose, and for the enhancer with its weight decay."""
    plain = [*networks.depth.parameters()]
    if networks.pose is not None:
        plain += networks.pose.parameters()
    groups: list[dict[str, Any]] = [{'params': plain}]
    if networks.enhancer is not None:
        enhancer = [*networks.enhancer.parameters()]
        groups.append({'params': enhancer, 'weight_decay': settings.enhancer_decay})
    return Adam(groups, settings.learning_rate)


def _seed(seed: int, step: int) -> int:
    """Return a seed for the random numbers of one step."""
    return int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0] >> 1)
