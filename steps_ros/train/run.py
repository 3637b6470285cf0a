"""
A whole training: drives into stores, the day teacher, the loop, the gate, the files it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from steps_ros.core.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
    stored_sha256,
)
from steps_ros.core.depth_net import DepthNet
from steps_ros.data.content_hash import content_hash
from steps_ros.data.digest import digest
from steps_ros.data.drive_options import NO_ODOMETRY
from steps_ros.data.store import parse_part, StoreIndex
from steps_ros.data.store_building import default_cache
from steps_ros.errors import SourceError
from steps_ros.eval.input_settings import InputSettings
from steps_ros.train.decoding import Decoding, StoreProgress, Tell
from steps_ros.train.distributed import World
from steps_ros.train.gate import Gate, open_validation, Start
from steps_ros.train.job import (
    begin,
    FINAL,
    Job,
    REJECTED,
    require_place,
    TEACHER,
    TEACHER_FOLDER,
)
from steps_ros.train.loops import run_loop, take_up
from steps_ros.train.networks import Networks
from steps_ros.train.objective_settings import ObjectiveSettings
from steps_ros.train.preparation import require_compiler
from steps_ros.train.presets import PRESETS
from steps_ros.train.start import finished_checkpoint, lend_pose, starting_networks
from steps_ros.train.teacher import given_teacher, teaching_loop, train_teacher
from steps_ros.train.trainer import ALONE, LAST, SNAPSHOTS, Training, Watch
from steps_ros.train.training_card import NOT_VALIDATED, write_card
from steps_ros.train.triplet_dataset import TripletDataset
from steps_ros.train.validation import Validation
from steps_ros.train.verdict import Verdict

Watching = Callable[[str, int], Watch]
WITHOUT_ODOMETRY = (
    'without odometry nothing tells how far the vehicle goes, and depth may well get worse; '
    'record nav_msgs/Odometry with the images'
)


@dataclass(frozen=True)
class Outcome:
    """
    How a training ended.

    ``final`` is where the weights are, None where it was stopped early; ``verdict`` is None where
    nothing was validated or another process did it.
    """

    step: int
    final: Path | None
    verdict: Verdict | None = None

    @property
    def is_accepted(self) -> bool:
        """Say whether the trained weights are not worse than the starting ones."""
        return self.final is None or self.final.name != REJECTED


def run_job(
    job: Job,
    device: torch.device,
    tell: Tell,
    progress: StoreProgress,
    watch: Watching,
    world: World = ALONE,
    is_new: bool = False,
) -> Outcome:
    """
    Train, or go on with a training that was broken off.

    Nothing is written, and nothing of a former training removed, before all that this one needs
    has been opened. Where it is validated, ``final`` is the best of the states that were; else it
    is the last one.

    :param tell: takes lines for the user.
    :param progress: makes a progress callback for the decoding of a drive, by its name.
    :param watch: makes the watch of a loop from its name and number of steps.
    :param world: this process among those that train together; the first one alone decodes,
        validates and writes.
    :param is_new: a former training in the same folder is forgotten.
    :raises StepsError: bad drives, weights or places, other ones than it was begun with, no
        compiler where one is needed; a loss that is not finite.
    """
    require_place(job, is_new)
    if job.training.compile:
        require_compiler(device)
    start = load_checkpoint(job.start)
    decoding = Decoding(job.store, job.options, tell, progress, world)
    # Bad weights and a drive that validates nothing are told before there is work to lose.
    judged = Start(_judged_start(job, start), _guided(job, decoding), device)
    teacher = _given_teacher(job, is_new)
    validation = _validation(job, decoding, judged) if world.is_writer else None
    night = decoding.dataset(job.night)
    day = decoding.dataset(job.day) if job.needs_day else None
    if world.is_writer:
        begin(job, _content(job, night, day), is_new, world.size)
    # Nobody else takes up what is being removed.
    world.barrier()
    if day is not None and (teacher is None or _lacks_motion(job)):
        made = _learned_by_day(job, start, day, watch, device, world)
        if made is None:
            return Outcome(0, None)
        teacher = made if teacher is None else teacher
    loop = _loop(job, start, teacher, device, world)
    finish = partial(_finished, job, start, night)
    with Gate(validation, finish, job.out, loop.step) as gate:
        validate = None if job.validate is None else gate.score
        if not run_loop(loop, night, day, watch('train', job.training.max_steps), validate):
            return Outcome(loop.step, None)
        verdict = gate.decide(loop)
    # Only the first one has validated.
    is_accepted = bool(world.of_first(verdict is None or verdict.is_accepted))
    outcome = Outcome(loop.step, job.out / (FINAL if is_accepted else REJECTED), verdict)
    if world.is_writer:
        drives = (*night.stores, *(() if day is None else day.stores))
        _keep(job, finish(loop.result, loop.step), outcome, [store.index for store in drives])
    world.barrier()
    return outcome


def _judged_start(job: Job, start: Checkpoint) -> Checkpoint:
    """Return the starting weights as they would be used; a bare encoder gets its fresh decoder."""
    objective = replace(PRESETS[job.preset], adversarial_weight=0)
    fresh = starting_networks(start, objective, None, job.training.seed)
    if start.depth_net is not None:
        return start
    return finished_checkpoint(fresh, start, objective, job.size, 'start', 0)


def _guided(job: Job, decoding: Decoding) -> ObjectiveSettings:
    """
    Return what is minimised on these drives; without odometry nothing tells how far they go.

    :raises SourceError: none of them has the odometry that is asked for.
    """
    objective = PRESETS[job.preset]
    if not objective.odometry_weight or decoding.has_odometry(job.night):
        return objective
    topic = job.options.odometry_topic
    if topic not in (None, NO_ODOMETRY):
        raise SourceError(
            f'no odometry on {topic} in {", ".join(job.night)}; correct --odom-topic'
        )
    if topic is None and decoding.world.is_writer:
        decoding.tell(WITHOUT_ODOMETRY)
    return replace(objective, odometry_weight=0)


def _validation(job: Job, decoding: Decoding, start: Start) -> Validation | None:
    """Judge the starting weights on the validation drive, where there is one."""
    if job.validate is None:
        return None
    drive = str(job.validate)
    inputs = InputSettings(
        job.options.image_topic,
        reference_topic=job.reference_topic,
        odom_topic=job.options.odometry_topic,
        bonnet=job.store.bonnet,
        intrinsics=job.options.intrinsics,
    )
    triplets = partial(decoding.own_dataset, [drive])
    return open_validation(drive, inputs, triplets, start, decoding.tell)


def _content(job: Job, night: TripletDataset, day: TripletDataset | None) -> dict[str, str]:
    """Return a hash of everything that decides what is learned, by its name."""
    drives = [*zip(job.night, night.stores, strict=True)]
    drives += [] if day is None else zip(job.day, day.stores, strict=True)
    weights = [path for path in (job.start, job.teacher) if path is not None]
    camera = job.options.intrinsics
    judged = [] if job.validate is None else [parse_part(str(job.validate)).path]
    return {
        **{f'{path} (validation)': content_hash([path], default_cache()) for path in judged},
        **{name: store.index.content for name, store in drives},
        **{str(path): stored_sha256(path) for path in weights},
        **({} if camera is None else {str(camera): digest(camera)}),
    }


def _given_teacher(job: Job, is_new: bool) -> DepthNet | None:
    """Return the day network that was given or trained before; None where it is to be trained."""
    made = job.out / TEACHER
    path = made if job.teacher is None and made.is_file() and not is_new else job.teacher
    return given_teacher(path) if job.needs_day and path is not None else None


def _lacks_motion(job: Job) -> bool:
    """Say whether motion has yet to be learned for a teacher that was given."""
    return job.teacher is not None and not (job.out / SNAPSHOTS / LAST).is_file()


def _learned_by_day(
    job: Job,
    start: Checkpoint,
    day: TripletDataset,
    watching: Watching,
    device: torch.device,
    world: World,
) -> DepthNet | None:
    """
    Train the day network and keep it; where one was given, learn motion alone.

    :returns: what was trained; None where it was stopped.
    """
    settings = replace(job.training, max_steps=job.teacher_steps)
    is_given = job.teacher is not None
    loop = teaching_loop(start, settings, job.out / TEACHER_FOLDER, device, world, is_given)
    made = train_teacher(loop, day, watching('teacher', job.teacher_steps), start)
    if made is None:
        return None
    if world.is_writer and not is_given:
        save_checkpoint(made, job.out / TEACHER)
    return made.depth_net


def _loop(
    job: Job, start: Checkpoint, teacher: DepthNet | None, device: torch.device, world: World
) -> Training:
    """Return the training where it was left; motion is begun with what was learned by day."""
    objective = PRESETS[job.preset]
    networks = starting_networks(start, objective, teacher, job.training.seed)
    if job.needs_day and job.teacher_snapshot.is_file():
        lend_pose(networks, job.teacher_snapshot)
    loop = Training(networks.to(device), objective, job.training, job.out, device, world)
    take_up(loop)
    return loop


def _finished(
    job: Job, start: Checkpoint, night: TripletDataset, networks: Networks, step: int
) -> Checkpoint:
    """Return what the node needs of the networks after ``step`` steps."""
    source = f'{job.preset} on {", ".join(Path(name).name for name in job.night)}'
    data = [store.index.content for store in night.stores]
    objective = PRESETS[job.preset]
    return finished_checkpoint(
        networks, start, objective, job.size, source, step, data=data, preset=job.preset
    )


def _keep(job: Job, made: Checkpoint, outcome: Outcome, drives: Sequence[StoreIndex]) -> None:
    """Write weights and card; of two judgements in one folder the last one holds."""
    assert outcome.final is not None
    save_checkpoint(made, outcome.final)
    for name in {FINAL, REJECTED} - {outcome.final.name}:
        (job.out / name).unlink(missing_ok=True)
    words = NOT_VALIDATED if outcome.verdict is None else outcome.verdict.words
    write_card(job, outcome.step, drives, words)
