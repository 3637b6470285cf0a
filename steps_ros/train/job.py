"""
A whole training: drives into stores, the day teacher, the loop, the gate, the files it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
import json
from pathlib import Path
import shutil

import torch

from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.data.store import StoreIndex
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import OutputError, SettingsError, SourceError
from steps_ros.eval.input_settings import InputSettings
from steps_ros.train.decoding import Decoding, StoreProgress, Tell
from steps_ros.train.distributed import World
from steps_ros.train.gate import Gate, open_validation, Start
from steps_ros.train.loops import BOARD, run_loop, take_up
from steps_ros.train.networks import Networks
from steps_ros.train.presets import PRESETS
from steps_ros.train.start import finished_checkpoint, starting_networks
from steps_ros.train.teacher import given_teacher, teaching_loop, train_teacher
from steps_ros.train.trainer import ALONE, LOG, SNAPSHOTS, Training, Watch
from steps_ros.train.training_card import NOT_VALIDATED, training_card
from steps_ros.train.training_settings import TrainingSettings
from steps_ros.train.triplet_dataset import TripletDataset
from steps_ros.train.validation import Validation
from steps_ros.train.verdict import Verdict

FINAL, REJECTED, TEACHER = 'final.safetensors', 'rejected.safetensors', 'teacher.safetensors'
TEACHER_FOLDER, SETTINGS = 'teacher', 'settings.json'
CARD = 'model_card.md'

Watching = Callable[[str, int], Watch]


@dataclass(frozen=True)
class Job:
    """
    What to train on what.

    ``night`` and ``day`` are drives, each PATH or PATH@START-END; ``start`` the checkpoint that
    training begins with; ``teacher`` the day network, None to train one on the day drives for
    ``teacher_steps`` steps. ``validate`` is the drive on which the result must not be worse than
    the start, None for no such gate, ``reference_topic`` what is measured there.
    """

    night: tuple[str, ...]
    out: Path
    start: Path
    training: TrainingSettings
    day: tuple[str, ...] = ()
    preset: str = 'steps'
    teacher: Path | None = None
    teacher_steps: int = 1500
    store: StoreSettings = field(default_factory=StoreSettings)
    options: DriveOptions = field(default_factory=DriveOptions)
    validate: Path | None = None
    reference_topic: str | None = None

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` for what does not go together."""
        if self.preset not in PRESETS:
            raise SettingsError(f"preset '{self.preset}'; known are {', '.join(PRESETS)}")
        if not self.night:
            raise SettingsError('no drive to train on; give --bag')
        if self.training.validate_every < 0:
            raise SettingsError(
                f'validation every {self.training.validate_every} steps; give at least 0'
            )
        objective = PRESETS[self.preset]
        if objective.adversarial_weight and not self.day:
            raise SettingsError(
                f'preset {self.preset} compares with day drives; give --day, or the preset '
                'monodepth2'
            )

    @property
    def size(self) -> tuple[int, int]:
        """Return (height, width) of the frames that training sees."""
        return self.store.height, self.store.width


@dataclass(frozen=True)
class Outcome:
    """
    How a training ended.

    ``final`` is None where it was stopped early, ``verdict`` where nothing was validated or
    another process did it.
    """

    step: int
    final: Path | None
    verdict: Verdict | None = None

    @property
    def is_accepted(self) -> bool:
        """Say whether the trained weights are not worse than the starting ones."""
        return self.verdict is None or self.verdict.is_accepted


def run_job(
    job: Job,
    device: torch.device,
    tell: Tell,
    progress: StoreProgress,
    watch: Watching,
    world: World = ALONE,
) -> Outcome:
    """
    Train, or go on with a training that was broken off.

    Where it is validated, ``final`` is the best of the states that were; else it is the last one.

    :param tell: takes lines for the user.
    :param progress: makes a progress callback for the decoding of a drive, by its name.
    :param watch: makes the watch of a loop from its name and number of steps.
    :param world: this process among those that train together; the first one alone decodes,
        validates and writes.
    :raises StepsError: bad drives, weights or places; a loss that is not finite.
    """
    objective, start = PRESETS[job.preset], load_checkpoint(job.start)
    decoding = Decoding(job.store, job.options, tell, progress, world)
    # Bad weights and a drive that validates nothing are told before there is work to lose.
    weights = _judged_start(job, start)
    teacher = None
    taught = job.teacher or job.out / TEACHER
    if objective.adversarial_weight and (job.teacher is not None or taught.is_file()):
        teacher = given_teacher(taught)
    validation = None
    if job.validate is not None and world.is_writer:
        validation = _validation(job, decoding, Start(weights, objective, device))
    night = decoding.dataset(job.night)
    day = decoding.dataset(job.day) if objective.adversarial_weight else None
    if world.is_writer:
        write_job(job)
    if day is not None and teacher is None:
        teacher = _teacher(job, start, day, watch, device, world)
        if teacher is None:
            return Outcome(0, None)
    networks = starting_networks(start, objective, teacher, job.training.seed).to(device)
    loop = Training(networks, objective, job.training, job.out, device, world)
    take_up(loop)
    finish = partial(_finished, job, start, night)
    with Gate(validation, finish, job.out, loop.step) as gate:
        validate = None if job.validate is None else gate.score
        if not run_loop(loop, night, day, watch('train', job.training.max_steps), validate):
            return Outcome(loop.step, None)
        verdict = gate.decide(loop)
    final = job.out / (FINAL if verdict is None or verdict.is_accepted else REJECTED)
    if world.is_writer:
        save_checkpoint(finish(networks, loop.step), final)
        # Of two judgements in one folder the last one holds.
        (job.out / (REJECTED if final.name == FINAL else FINAL)).unlink(missing_ok=True)
        drives = (*night.stores, *(() if day is None else day.stores))
        _write_card(job, [store.index for store in drives], verdict)
    world.barrier()
    return Outcome(loop.step, final, verdict)


def forget(folder: Path) -> None:
    """
    Remove what an earlier training left in a folder, so that another one can begin there.

    :raises OutputError: it cannot be removed.
    """
    try:
        for name in (SNAPSHOTS, TEACHER_FOLDER, BOARD):
            if (folder / name).is_dir():
                shutil.rmtree(folder / name)
        for name in (SETTINGS, FINAL, REJECTED, TEACHER, CARD):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f'{folder}: the former training cannot be removed ({error.strerror}); choose another '
            'folder'
        ) from error


def write_job(job: Job) -> None:
    """
    Keep the settings in the folder of the training, for whoever goes on with it.

    :raises OutputError: it cannot be written.
    """
    write_file(job.out / SETTINGS, json_bytes(_described(job)))


def read_job(folder: Path) -> Job:
    """
    Return the job of a training that was begun in this folder.

    :raises SourceError: there is none, or it is damaged.
    """
    path = folder / SETTINGS
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        content.pop('objective')
        options = content.pop('options')
        intrinsics = options.pop('intrinsics')
        training = content.pop('training')
        training['halving_epochs'] = tuple(training['halving_epochs'])
        teacher, validate = content.pop('teacher'), content.pop('validate')
        content |= {name: tuple(content[name]) for name in ('night', 'day')}
        store = StoreSettings(**content.pop('store'))
        return Job(
            **{**content, 'out': folder, 'start': Path(content['start'])},
            teacher=Path(teacher) if teacher else None,
            validate=Path(validate) if validate else None,
            training=TrainingSettings(**training),
            store=store,
            options=DriveOptions(**options, intrinsics=Path(intrinsics) if intrinsics else None),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = ' '.join(str(error).split())
        raise SourceError(
            f'{path} describes no training ({reason}); give the --out of one to --resume'
        ) from error


def _described(job: Job) -> dict[str, object]:
    """Return the settings of a job as JSON takes them."""
    content: dict[str, object] = json.loads(json.dumps(asdict(job), default=str))
    return {**content, 'objective': json.loads(json.dumps(asdict(PRESETS[job.preset])))}


def _judged_start(job: Job, start: Checkpoint) -> Checkpoint:
    """Return the starting weights as they would be used; a bare encoder gets its fresh decoder."""
    objective = replace(PRESETS[job.preset], adversarial_weight=0)
    fresh = starting_networks(start, objective, None, job.training.seed)
    if start.depth_net is not None:
        return start
    return finished_checkpoint(fresh, start, job.size, 'start', 0)


def _validation(job: Job, decoding: Decoding, start: Start) -> Validation:
    """Judge the starting weights on the validation drive."""
    drive = str(job.validate)
    inputs = InputSettings(job.options.image_topic, reference_topic=job.reference_topic)
    return open_validation(drive, inputs, partial(decoding.own_dataset, [drive]), start)


def _teacher(
    job: Job,
    start: Checkpoint,
    day: TripletDataset,
    watching: Watching,
    device: torch.device,
    world: World,
) -> DepthNet | None:
    """Train the day network and keep it; None where it was stopped."""
    settings = TrainingSettings(
        job.teacher_steps,
        job.training.batch,
        seed=job.training.seed,
        precision=job.training.precision,
        channels_last=job.training.channels_last,
        compile=job.training.compile,
    )
    loop = teaching_loop(start, settings, job.out / TEACHER_FOLDER, device, world)
    made = train_teacher(loop, day, watching('teacher', job.teacher_steps), start)
    if made is None:
        return None
    if world.is_writer:
        save_checkpoint(made, job.out / TEACHER)
    return made.depth_net


def _finished(
    job: Job, start: Checkpoint, night: TripletDataset, networks: Networks, step: int
) -> Checkpoint:
    """Return what the node needs of the networks after ``step`` steps."""
    source = f'{job.preset} on {", ".join(Path(name).name for name in job.night)}'
    data = [store.index.content for store in night.stores]
    return finished_checkpoint(
        networks, start, job.size, source, step, data=data, preset=job.preset
    )


def _write_card(job: Job, drives: Sequence[StoreIndex], verdict: Verdict | None) -> None:
    words = NOT_VALIDATED if verdict is None else verdict.words
    card = training_card(_described(job), drives, job.out / LOG, words)
    write_file(job.out / CARD, card.encode())
