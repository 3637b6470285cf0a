"""
The second stage of the default weights: both networks jointly, on night and day twins.

Photometric losses, the discriminator and the exact depth of the simulation together; the network
of the first stage is where it begins, and the day teacher. Motion is learned by day before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from steps_ros.core.checkpoint import Checkpoint
from steps_ros.data.store import Store
from steps_ros.data.store_building import build_store
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SourceError
from steps_ros.train.loops import run_loop, take_up
from steps_ros.train.presets import STEPS
from steps_ros.train.start import finished_checkpoint, lend_pose, starting_networks
from steps_ros.train.teacher import teaching_loop
from steps_ros.train.trainer import ALONE, LAST, SNAPSHOTS, StepReport, Training, Watch
from steps_ros.train.training_settings import TrainingSettings
from steps_ros.train.triplet_dataset import TripletDataset

OBJECTIVE = replace(STEPS, supervision_weight=1.0)
CPU = torch.device('cpu')
MOTION, JOINT = 'motion', 'joint'


@dataclass(frozen=True)
class JointSettings:
    """
    How the joint stage runs.

    :param drives: streets, each driven by night and by day with a camera of its own.
    :param frames: pictures of a drive, ten in a second.
    :param size: (height, width) that drives are drawn at.
    :param motion_steps: steps by day before, in which motion is learned, at ``motion_rate``.
    :param pose_warmup: first steps, in which the pose network alone learns by night.
    """

    steps: int = 1200
    motion_steps: int = 1000
    motion_rate: float = 3e-4
    batch: int = 2
    drives: int = 24
    frames: int = 40
    size: tuple[int, int] = (128, 224)
    learning_rate: float = 5e-5
    pose_warmup: int = 100
    mean_decay: float = 0.995
    seed: int = 0
    precision: str = 'bfloat16'


def train_jointly(
    start: Checkpoint,
    nights: Sequence[Path],
    days: Sequence[Path],
    settings: JointSettings,
    folder: Path,
    progress: Callable[[str, int, float], None] | None = None,
) -> Checkpoint:
    """
    Train depth network and enhancer of a checkpoint together and return their running mean.

    The state is saved in ``folder`` now and then; a later call goes on from there.

    :param nights: recorded drives with exact depth.
    :param days: their twins.
    :param progress: called with what is learned (motion, then joint), the step and the loss.
    :raises SourceError: too few of the drives move.
    """

    def watch(part: str) -> Watch:
        def note(report: StepReport) -> bool:
            if progress:
                progress(part, report.step - 1, report.losses['total'])
            return False

        return note

    teacher = deepcopy(start.depth_net)
    networks = starting_networks(start, OBJECTIVE, teacher, settings.seed)
    training = TrainingSettings(
        settings.steps,
        settings.batch,
        settings.learning_rate,
        pose_warmup=settings.pose_warmup,
        mean_decay=settings.mean_decay,
        seed=settings.seed,
        precision=settings.precision,
    )
    day = _dataset(days, settings)
    by_day = replace(
        training, max_steps=settings.motion_steps, learning_rate=settings.motion_rate, mean_decay=0
    )
    _learn_motion(start, day, by_day, folder / MOTION, watch(MOTION))
    lend_pose(networks, folder / MOTION / SNAPSHOTS / LAST)
    loop = Training(networks, OBJECTIVE, training, folder, CPU)
    take_up(loop)
    run_loop(loop, _dataset(nights, settings), day, watch(JOINT))
    step = start.provenance.step + loop.step
    return finished_checkpoint(
        loop.result,
        start,
        OBJECTIVE,
        start.input_size or settings.size,
        start.provenance.source,
        step,
        **start.provenance.notes,
    )


def _learn_motion(
    start: Checkpoint, day: TripletDataset, settings: TrainingSettings, folder: Path, watch: Watch
) -> None:
    """Learn motion by day, beside the depth of the start; the last snapshot keeps it."""
    loop = teaching_loop(start, settings, folder, CPU, ALONE, motion_alone=True)
    run_loop(loop, day, None, watch)


def _dataset(drives: Sequence[Path], settings: JointSettings) -> TripletDataset:
    """Return the triplets of all drives that move."""
    stores: list[Store] = []
    reasons: list[str] = []
    for drive in drives:
        try:
            stores.append(build_store(drive, StoreSettings(*settings.size, depth=True)))
        except SourceError as error:
            reasons.append(str(error))
    if not stores:
        raise SourceError(f'not one of {len(drives)} drives can be learned from: {reasons[0]}')
    return TripletDataset(stores)
