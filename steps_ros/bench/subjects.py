"""
What the benchmark of the training step times: the package's step, and the literal one.

All get the same frames, of which nothing but their number and size matters for the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
import time
from typing import NamedTuple

import torch
from torch import optim, Tensor
from torch.nn import functional

from steps_ros.bench import literal_step as released
from steps_ros.bench.literal_light import SCALES, Table
from steps_ros.bench.literal_networks import LiteralNetworks
from steps_ros.bench.literal_step import LiteralTraining
from steps_ros.bench.stopwatch import Watched
from steps_ros.core.depth_net import DepthNet, DepthNetConfig, RESNET18
from steps_ros.core.images import grey_levels, shrink
from steps_ros.errors import SettingsError
from steps_ros.train import objective, optimisers, trainer
from steps_ros.train.batch import NEXT, PREVIOUS, TARGET, TripletBatch
from steps_ros.train.networks import needed_networks
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.prefetch import Batches
from steps_ros.train.trainer import LAST, StepReport, Training
from steps_ros.train.training_settings import TrainingSettings

FRAMES = {0: TARGET, -1: PREVIOUS, 1: NEXT}
NIGHT_LEVEL, DAY_LEVEL = 90, 255
ENDLESS = 10**9

LITERAL = 'literal'
PARTS = (
    'enhance',
    'depth',
    'pose',
    'warp and photometric',
    'smoothness',
    'adversarial',
    'discriminator',
    'backward',
    'optimiser',
)
PACKAGE_PARTS = (
    Watched(objective, 'light_scene', 'enhance'),
    Watched(objective, '_disparities', 'depth'),
    Watched(objective, '_view', 'pose'),
    Watched(objective, '_rebuilt', 'warp and photometric'),
    Watched(objective, 'multiscale_smoothness', 'smoothness'),
    Watched(objective, '_likeness', 'adversarial'),
    Watched(trainer, 'discriminator_loss', 'discriminator'),
    Watched(Tensor, 'backward', 'backward'),
    # Which class torch hangs its hooks on, this or the one above, depends on which is used first.
    Watched(optimisers.Adam, 'step', 'optimiser'),
)
LITERAL_PARTS = (
    Watched(released, 'relight', 'enhance'),
    Watched(released, 'equalise_frames', 'enhance'),
    Watched(released, 'predict_disparities', 'depth'),
    Watched(released, 'predict_motion', 'pose'),
    Watched(released, 'reconstruction_losses', 'warp and photometric'),
    Watched(released, 'smoothness_losses', 'smoothness'),
    Watched(released, 'position_map', 'adversarial'),
    Watched(released, 'teach', 'adversarial'),
    Watched(released, 'deceive', 'adversarial'),
    Watched(LiteralTraining, 'criticise', 'discriminator'),
    Watched(Tensor, 'backward', 'backward'),
    Watched(optim.Adam, 'step', 'optimiser'),
)


@dataclass(frozen=True)
class Work:
    """
    How much a step has to do, and where.

    :raises SettingsError: a size that the released step cannot take.
    """

    height: int
    width: int
    batch: int
    device: torch.device

    def __post_init__(self) -> None:
        """Check that the literal step can do it."""
        if min(self.height, self.width, self.batch) < 1 or self.height % 32 or self.width % 32:
            raise SettingsError(
                f'size {self.height}x{self.width}, batch {self.batch}: sizes must be multiples of '
                '32 such as 192x320, and the batch at least 1'
            )
        if self.batch * (self.height // 16) * (self.width // 16) % 3:
            raise SettingsError(
                f'size {self.height}x{self.width}, batch {self.batch}: the released loss takes '
                'pixels by threes; choose a height, width or batch that 3 divides'
            )


class Subject(NamedTuple):
    """
    A step that is timed.

    ``step`` takes one and returns its seconds; ``watched`` are the functions of its parts.
    """

    name: str
    step: Callable[[], float]
    watched: tuple[Watched, ...]


class Unsaved(Training):
    """A training that leaves no snapshots; it may stop after every step for nothing."""

    def save(self, name: str = LAST) -> None:
        """Write nothing."""


def package_subject(
    name: str,
    settings: ObjectiveSettings,
    work: Work,
    folder: Path,
    config: DepthNetConfig = RESNET18,
    *,
    remembers_teacher: bool = True,
    precision: str = 'float32',
) -> Subject:
    """
    Return the step of :class:`Training`, timed by its own report.

    :param folder: gets logs, which no one needs.
    :param config: of depth network and teacher.
    :param remembers_teacher: as from the second epoch on; in the first one the teacher is asked.
    :param precision: of the networks, by autocast.
    """
    networks = needed_networks(settings, config, DepthNet(config)).to(work.device)
    memory = TrainingSettings.teacher_memory_mb if remembers_teacher else 0
    plan = TrainingSettings(
        max_steps=ENDLESS, batch=work.batch, precision=precision, teacher_memory_mb=memory
    )
    training = Unsaved(networks, settings, plan, folder, work.device)
    batches = repeat(Batches(random_batch(work, NIGHT_LEVEL), random_batch(work, DAY_LEVEL), 0.0))
    reports: list[StepReport] = []

    def stop(report: StepReport) -> bool:
        reports.append(report)
        return True

    def step() -> float:
        training.run(batches, stop)
        return work.batch / reports.pop().samples_per_s

    return Subject(name, step, PACKAGE_PARTS)


def literal_subject(work: Work) -> Subject:
    """Return the released step, on frames that are ready: the work of its loader is left out."""
    training = LiteralTraining(LiteralNetworks().to(work.device))
    night, day = (
        loaded(random_batch(work, level).to(work.device)) for level in (NIGHT_LEVEL, DAY_LEVEL)
    )

    def step() -> float:
        started = time.perf_counter()
        losses = training.step(night, day)
        torch.stack([*losses.values()]).tolist()
        return time.perf_counter() - started

    return Subject(LITERAL, step, LITERAL_PARTS)


def loaded(batch: TripletBatch) -> Table:
    """Return a batch as :class:`LiteralTraining` takes it, on the batch's device."""
    table: Table = {}
    grey = grey_levels(batch.frames)
    for frame, place in FRAMES.items():
        for scale in SCALES:
            table['colour', frame, scale] = shrink(batch.frames[:, place].float() / 255, scale)
            table['grey', frame, scale] = shrink(grey[:, place].float() / 255, scale)
    camera = torch.eye(4, device=batch.intrinsics.device).repeat(len(batch.intrinsics), 1, 1)
    camera[:, :3, :3] = batch.intrinsics
    table['camera', 0, 0] = camera
    table['inverse_camera', 0, 0] = torch.linalg.inv(camera)
    return table


def random_batch(work: Work, brightest: int) -> TripletBatch:
    """Return smooth random pictures that move sideways, the same at every call; on the CPU."""
    height, width, batch = work.height, work.width, work.batch
    coarse = torch.rand((batch, 3, 12, 20), generator=torch.Generator().manual_seed(0))
    size = (height, width + 4)
    picture = functional.interpolate(coarse, size, mode='bilinear', align_corners=True)
    frames = torch.stack([picture[..., shift : shift + width] for shift in (0, 2, 4)], dim=1)
    return TripletBatch((brightest * frames).to(torch.uint8), _intrinsics(work))


def _intrinsics(work: Work) -> Tensor:
    rows = (
        (0.9 * work.width, 0, work.width / 2),
        (0, 0.9 * work.width, work.height / 2),
        (0, 0, 1),
    )
    return torch.tensor(rows).expand(work.batch, 3, 3).contiguous()
