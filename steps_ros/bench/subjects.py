"""
What the benchmark of the training step times: the package's step, and the literal one.

All get the same frames, of which nothing but their number and size matters for the time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from pathlib import Path
import time
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from steps_ros.bench.literal_light import SCALES, Table
from steps_ros.bench.literal_networks import LiteralNetworks
from steps_ros.bench.literal_step import LiteralTraining
from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.core.images import grey_levels, shrink
from steps_ros.train.batch import NEXT, PREVIOUS, TARGET, TripletBatch
from steps_ros.train.distributed import World
from steps_ros.train.networks import needed_networks
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.prefetch import Batches
from steps_ros.train.trainer import StepReport, Training
from steps_ros.train.training_settings import TrainingSettings

FRAMES = {0: TARGET, -1: PREVIOUS, 1: NEXT}
NIGHT_LEVEL, DAY_LEVEL = 90, 255
# Of several processes, one that writes no files; it is alone all the same.
SILENT = World(rank=1, size=1)
ENDLESS = 10**9

# Takes one step and returns its seconds.
Step = Callable[[], float]


class Work(NamedTuple):
    """How much a step has to do, and where."""

    height: int
    width: int
    batch: int
    device: torch.device


def package_step(objective: ObjectiveSettings, work: Work, folder: Path) -> Step:
    """
    Return the step of :class:`Training`, timed by its own report.

    :param folder: gets empty logs.
    """
    networks = needed_networks(objective, RESNET18, DepthNet(RESNET18)).to(work.device)
    settings = TrainingSettings(max_steps=ENDLESS, batch=work.batch)
    training = Training(networks, objective, settings, folder, work.device, SILENT)
    batches = repeat(Batches(random_batch(work, NIGHT_LEVEL), random_batch(work, DAY_LEVEL), 0.0))

    reports: list[StepReport] = []

    def stop(report: StepReport) -> bool:
        reports.append(report)
        return True

    def step() -> float:
        training.run(batches, stop)
        return work.batch / reports.pop().samples_per_s

    return step


def literal_step(work: Work) -> Step:
    """Return the released step on frames that its loader has prepared; that takes no time here."""
    training = LiteralTraining(LiteralNetworks().to(work.device))
    night, day = (
        loaded(random_batch(work, level).to(work.device)) for level in (NIGHT_LEVEL, DAY_LEVEL)
    )

    def step() -> float:
        started = time.perf_counter()
        losses = training.step(night, day)
        torch.stack([*losses.values()]).tolist()
        return time.perf_counter() - started

    return step


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
