"""
The training loop.

One step: losses of a night batch (and a day batch), gradients averaged over processes and
clipped, a look whether all of it is finite, one step of the networks and of the discriminator, a
line in the log. Every random number is drawn from the seed and the number of the step, so that a
training that was killed goes on from its last snapshot to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
import math
from pathlib import Path
import time
from typing import NamedTuple

import numpy as np
import torch
from torch import nn, Tensor

from steps_ros.train.batch import TripletBatch
from steps_ros.train.darkening import darkened
from steps_ros.train.distributed import World
from steps_ros.train.finite import finite_numbers, Place
from steps_ros.train.logs import Board, JsonLines
from steps_ros.train.mean_networks import MeanNetworks
from steps_ros.train.networks import Networks
from steps_ros.train.objective import discriminator_loss, step_losses
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.objective_state import ObjectiveState
from steps_ros.train.optimisers import Adam
from steps_ros.train.panels import panel_pictures
from steps_ros.train.prefetch import Batches
from steps_ros.train.preparation import make_optimiser, prepare_networks
from steps_ros.train.reconstruction import SOURCES
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
from steps_ros.train.step_result import Panels
from steps_ros.train.teacher_memory import TeacherMemory
from steps_ros.train.training_settings import PRECISIONS, TrainingSettings

LAST, BEST = 'last.npz', 'best.npz'
SNAPSHOTS = 'checkpoints'
LOG, TIMING = 'train.jsonl', 'timing.jsonl'
MIB = 2**20
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
    what is done, ``best`` is the smallest number that validation gave. Several processes have a
    training each, with batches of their own; they must call the same methods.
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
        prepare_networks(self.networks, self.settings, self.device, self.world.size)
        average = self.world.mean if self.world.size > 1 else None
        decay = self.settings.mean_decay
        self.mean = MeanNetworks(self.networks, decay) if decay else None
        self.remembered = TeacherMemory(self.settings.teacher_memory_mb * MIB)
        self.state = ObjectiveState(self.objective, self.settings.seed, average)
        self.optimiser = make_optimiser(self.networks, self.settings)
        critic = self.networks.discriminator
        rate = self.settings.learning_rate
        self.critic = None if critic is None else Adam(critic.parameters(), rate)

    @property
    def result(self) -> Networks:
        """The networks that are validated and kept: the running mean, where there is one."""
        return self.networks if self.mean is None else self.mean.instead(self.networks)

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
        :param watch: of several processes any one may say so.
        :param validate: returns a number that is smaller for better networks; of several
            processes the first one alone calls it.
        :returns: whether it came to its end.
        :raises TrainingError: a loss or gradient is not finite, the batch is saved and named; or
            another process is gone.
        :raises OutputError: logs or snapshots cannot be written; the last snapshot is whole.
        """
        self._set_modes()
        self.world.share(self.networks)
        with self._lines(LOG) as log, self._lines(TIMING) as timing:
            while self.step < self.settings.max_steps:
                started = time.perf_counter()
                batch = next(batches)
                losses, panels = self._one_step(batch)
                self.step += 1
                report = self._report(losses, batch, time.perf_counter() - started)
                log.write(self.step, report.losses)
                timing.write(self.step, report.timing())
                self._show(report, panels, board)
                self._keep(validate)
                if self.world.any(watch(report)):
                    break
        self.save()
        return self.step >= self.settings.max_steps

    def save(self, name: str = LAST) -> None:
        """
        Write a snapshot.

        :raises OutputError: the disk is full; the former snapshot is kept.
        """
        state = self.state.state_dict()
        # Every process has former fakes of its own. BatchNorm's running statistics differ on a CPU
        # too; those of the first process are kept, and no step of a training looks at them.
        state['pool.samples'] = self.world.gathered(state['pool.samples']).flatten(0, 1)
        if not self.world.is_writer:
            return
        tensors = named('networks', self.networks.state_dict())
        tensors |= optimiser_tensors(self.optimiser, 'optimiser')
        if self.critic is not None:
            tensors |= optimiser_tensors(self.critic, 'critic')
        if self.mean is not None:
            tensors |= named('mean', self.mean.state_dict())
        tensors |= named('state', state)
        snapshot = Snapshot(self.step, tensors, {'best': self.best})
        write_snapshot(snapshot, self.folder / SNAPSHOTS / name)

    def restore(self, name: str = LAST) -> None:
        """
        Take up a snapshot.

        :raises CheckpointError: missing, damaged, or of other networks.
        """
        path = self.folder / SNAPSHOTS / name
        snapshot = read_snapshot(path)
        self.networks.load(part(snapshot.tensors, 'networks'), str(self.folder))
        with refused(path):
            self._take(snapshot)

    def _take(self, snapshot: Snapshot) -> None:
        """Take up what a snapshot holds besides the networks."""
        restore_optimiser(self.optimiser, 'optimiser', snapshot.tensors)
        if self.critic is not None:
            restore_optimiser(self.critic, 'critic', snapshot.tensors)
        if self.mean is not None:
            self.mean.load_state_dict(part(snapshot.tensors, 'mean'))
        state = part(snapshot.tensors, 'state')
        own = state['pool.samples'].tensor_split(self.world.size)[self.world.rank]
        state['pool.samples'] = own[: self.objective.pool_size]
        self.state.load_state_dict(state, self.device)
        self.step, self.best = snapshot.step, float(snapshot.values['best'])

    def _one_step(self, batch: Batches) -> tuple[dict[str, float], Panels]:
        """Take one step of all networks; return what was minimised, and pictures of it."""
        night = self._with_darkened(batch.night.to(self.device))
        noise = self._noise(night.frames)
        losses: dict[str, Tensor] = {}
        with self._autocast():
            day = self._day(batch.day)
            settings = self.state.settings
            result = step_losses(self.networks, night, day, settings, self.state, noise)
            losses |= result.losses.scalars()
            losses['total'] = total = result.losses.total(self.objective)
            if self.critic is not None:
                critic_loss = discriminator_loss(self.networks, result, self.objective, self.state)
                losses['discriminator'] = critic_loss / self.objective.adversarial_weight
                losses['discriminator_weighted'] = critic_loss
        numbers = self._numbers(losses, batch)
        norms = {'gradient_norm': self._differentiate(self.optimiser, total)}
        if self.critic is not None:
            norms['discriminator_gradient_norm'] = self._differentiate(self.critic, critic_loss)
        numbers |= self._numbers(norms, batch)
        self._descend()
        return numbers, result.panels

    def _day(self, day: TripletBatch | None) -> TripletBatch | None:
        """Return the day batch on the device, with what a teacher that stays as it is says."""
        teacher = self.networks.teacher
        if day is None:
            return None
        if teacher is None or teacher.training or self.objective.adversarial_weight == 0:
            return day.to(self.device)
        return self.remembered.taught(teacher, day, self.device)

    def _noise(self, frames: Tensor) -> Tensor:
        """Return this process's part of what one process with all batches would draw."""
        count, *_, height, width = frames.shape
        shape = (1, self.world.size * count, SOURCES, height, width)
        noise = torch.randn(shape, generator=self._generator(), device=self.device)
        return noise.chunk(self.world.size, dim=1)[self.world.rank]

    def _with_darkened(self, batch: TripletBatch) -> TripletBatch:
        """Return a batch with its frames in little light too, where the objective needs them."""
        if self.objective.dark_motion_weight == 0:
            return batch
        # From 1: numpy takes a last 0 for nothing.
        first = self.world.rank * len(batch.frames) + 1
        dark = [
            darkened(frames, self._generator(place))
            for place, frames in enumerate(batch.frames, first)
        ]
        return batch._replace(darkened=torch.stack(dark))

    def _generator(self, *place: int) -> torch.Generator:
        """Return a source of random numbers for this step, of all processes or of one place."""
        seed = _seed(self.settings.seed, self.step, *place)
        return torch.Generator(self.device).manual_seed(seed)

    def _differentiate(self, optimiser: Adam, loss: Tensor) -> Tensor:
        """Leave the averaged and clipped gradient; return its norm before it was clipped."""
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        parameters = [item for group in optimiser.param_groups for item in group['params']]
        self.world.average_gradients(parameters)
        return nn.utils.clip_grad_norm_(parameters, self.settings.clip_norm)

    def _numbers(self, values: dict[str, Tensor], batch: Batches) -> dict[str, float]:
        place = Place(self.settings.seed, self.step, self.folder)
        return finite_numbers(values, batch, place, self.world)

    def _descend(self) -> None:
        """Take one step down the gradients."""
        rate = self.settings.rate_of(self.step, self.steps_per_epoch)
        for optimiser in (self.optimiser, self.critic):
            if optimiser is None:
                continue
            for group in optimiser.param_groups:
                group['lr'] = rate
            optimiser.step()
        if self.mean is not None:
            self.mean.update(self.networks)

    def _set_modes(self) -> None:
        """Put the networks into training mode; what waits for the pose network stays as it is."""
        self.networks.train(not self.settings.holds_statistics)
        learns = self.networks.pose is None or self.step >= self.settings.pose_warmup
        # Unmoved frames explain most pixels better than motion that nobody has learned yet would,
        # and so keep it from being learned.
        self.state.settings = replace(
            self.objective, auto_mask=learns and self.objective.auto_mask
        )
        for network in (self.networks.depth, self.networks.enhancer):
            if network is not None:
                network.requires_grad_(learns)
                if not learns:
                    network.eval()

    def _autocast(self) -> AbstractContextManager[object]:
        dtype = PRECISIONS[self.settings.precision]
        return nullcontext() if dtype is None else torch.autocast(self.device.type, dtype)

    def _lines(self, name: str) -> JsonLines:
        return JsonLines(self.folder / name if self.world.is_writer else None, self.step)

    def _report(self, losses: dict[str, float], batch: Batches, seconds: float) -> StepReport:
        samples = len(batch.night.frames) * self.world.size
        return StepReport(self.step, losses, samples / seconds, batch.waited_s / seconds)

    def _show(self, report: StepReport, panels: Panels, board: Board | None) -> None:
        if board is None or not self.world.is_writer:
            return
        rate = self.optimiser.param_groups[0]['lr']
        board.scalars(report.step, {**report.losses, 'learning_rate': rate, **report.timing()})
        if board.is_open and (report.step - 1) % self.settings.panels_every == 0:
            for name, picture in panel_pictures(panels, self.networks.depth.config).items():
                board.picture(report.step, name, picture)

    def _keep(self, validate: Validate | None) -> None:
        """Validate and save when it is time."""
        every = self.settings.validate_every
        # Before that nothing but motion has learned, and the start cannot become the best.
        has_learned = self.networks.pose is None or self.step > self.settings.pose_warmup
        if validate is not None and has_learned and every and self.step % every == 0:
            self.networks.eval()
            own = validate(self.result, self.step) if self.world.is_writer else math.nan
            score = self.world.of_first(own)
            if score < self.best:
                self.best = score
                self.save(BEST)
            self._set_modes()
        if self.step == self.settings.pose_warmup:
            self._set_modes()
        if self.step % self.settings.save_every == 0:
            self.save()


def _seed(*place: int) -> int:
    """Return a seed for the random numbers of a place in a training."""
    return int(np.random.SeedSequence(place).generate_state(1, np.uint64)[0]) >> 1
