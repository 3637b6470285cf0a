"""
A whole training: drives into stores, the day teacher, the loop, the gate, the files it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path

import torch

from steps_ros.core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from steps_ros.core.depth_net import DepthNet
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.data.store import parse_part, Store, summary
from steps_ros.data.store_building import build_store
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import SettingsError, SourceError
from steps_ros.train.distributed import World
from steps_ros.train.logs import Board
from steps_ros.train.orders import Drawing
from steps_ros.train.prefetch import Prefetch
from steps_ros.train.presets import MONODEPTH2, PRESETS
from steps_ros.train.start import finished_checkpoint, starting_networks
from steps_ros.train.trainer import ALONE, LAST, LOG, SNAPSHOTS, Training, Watch
from steps_ros.train.training_card import NOT_VALIDATED, training_card
from steps_ros.train.training_settings import TrainingSettings
from steps_ros.train.triplet_dataset import TripletDataset
from steps_ros.train.validation import Measure, validation_error, Verdict

FINAL, REJECTED, TEACHER = 'final.safetensors', 'rejected.safetensors', 'teacher.safetensors'
TEACHER_FOLDER, SETTINGS, BOARD = 'teacher', 'settings.json', 'tensorboard'
CARD = 'model_card.md'

Tell = Callable[[str], None]
StoreProgress = Callable[[str], Callable[[int, 'int | None'], None]]


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
        objective = PRESETS[self.preset]
        if objective.adversarial_weight and not self.day:
            raise SettingsError(
                f'preset {self.preset} compares with day drives; give --day, or the preset '
                'monodepth2'
            )


@dataclass(frozen=True)
class Outcome:
    """
    How a training ended.

    ``final`` is None where it was stopped early, ``verdict`` where nothing was validated.
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
    watch: Callable[[str, int], Watch],
    world: World = ALONE,
) -> Outcome:
    """
    Train, or go on with a training that was broken off.

    :param tell: takes lines for the user.
    :param progress: makes a progress callback for the decoding of a drive, by its name.
    :param watch: makes the watch of a loop from its name and number of steps.
    :param world: this process among those that train together.
    :raises StepsError: bad drives, weights or places; a loss that is not finite.
    """
    objective = PRESETS[job.preset]
    night = _dataset(job, job.night, tell, progress)
    day = _dataset(job, job.day, tell, progress) if job.day else None
    start = load_checkpoint(job.start)
    teacher = None
    if objective.adversarial_weight:
        assert day is not None
        teacher = _teacher(job, start, day, device, watch)
        if teacher is None:
            return Outcome(0, None)
    networks = starting_networks(start, objective, teacher, job.training.seed).to(device)
    loop = Training(networks, objective, job.training, job.out, device)
    if not _run(loop, night, day, watch('train', job.training.max_steps)):
        return Outcome(loop.step, None)
    size = (job.store.height, job.store.width)
    source = f'{job.preset} on {", ".join(Path(name).name for name in job.night)}'
    trained = finished_checkpoint(
        networks.cpu(), start, size, source, loop.step, data=_hashes(night), preset=job.preset
    )
    verdict = _verdict(job, start, trained, device)
    final = job.out / (FINAL if verdict is None or verdict.is_accepted else REJECTED)
    save_checkpoint(trained, final)
    card = training_card(
        _described(job),
        [store.index for data in (night, day) if data is not None for store in data.stores],
        job.out / LOG,
        NOT_VALIDATED if verdict is None else verdict.words,
    )
    write_file(job.out / CARD, card.encode())
    return Outcome(loop.step, final, verdict)


def _verdict(
    job: Job, start: Checkpoint, trained: Checkpoint, device: torch.device
) -> Verdict | None:
    if job.validate is None:
        return None
    before, after = (
        validation_error(checkpoint, job.validate, job.reference_topic, str(device))
        for checkpoint in (start, trained)
    )
    return Verdict((Measure('abs_rel', before, after),))


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


def _dataset(
    job: Job, drives: Sequence[str], tell: Tell, progress: StoreProgress
) -> TripletDataset:
    parts = []
    for text in drives:
        part = parse_part(text)
        store = build_store(part.path, job.store, job.options, progress=progress(text))
        tell(summary(store.index))
        parts.append((store, part.window))
    return TripletDataset(parts)


def _teacher(
    job: Job,
    start: Checkpoint,
    day: TripletDataset,
    device: torch.device,
    watch: Callable[[str, int], Watch],
) -> DepthNet | None:
    """Return the day network, given, made before, or trained now; None where it was stopped."""
    given = job.teacher
    if given is None and (job.out / TEACHER).is_file():
        given = job.out / TEACHER
    if given is not None:
        depth_net = load_checkpoint(given).depth_net
        if depth_net is None:
            raise SettingsError(f'{given} has no depth network to teach; give another --teacher')
        return depth_net.to(device)
    settings = TrainingSettings(
        job.teacher_steps,
        job.training.batch,
        seed=job.training.seed,
        precision=job.training.precision,
    )
    networks = starting_networks(start, MONODEPTH2, None, settings.seed).to(device)
    loop = Training(networks, MONODEPTH2, settings, job.out / TEACHER_FOLDER, device)
    if not _run(loop, day, None, watch('teacher', settings.max_steps)):
        return None
    size = (job.store.height, job.store.width)
    made = finished_checkpoint(networks.cpu(), start, size, 'day teacher', loop.step)
    save_checkpoint(made, job.out / TEACHER)
    assert made.depth_net is not None
    return made.depth_net.to(device)


def _run(loop: Training, night: TripletDataset, day: TripletDataset | None, watch: Watch) -> bool:
    """Run a loop to its end from its last snapshot on; False where the watch stopped it."""
    if (loop.folder / SNAPSHOTS / LAST).is_file():
        loop.restore()
    drawing = Drawing(
        len(night), loop.settings.batch, loop.settings.seed, 0 if day is None else len(day)
    )
    loop.steps_per_epoch = drawing.steps_per_epoch
    is_cuda = loop.device.type == 'cuda'
    with (
        Prefetch(night, day, drawing, loop.step, pin=is_cuda) as batches,
        Board(loop.folder / BOARD, loop.step) as board,
    ):
        return loop.run(iter(batches), watch, board=board)


def _hashes(dataset: TripletDataset) -> list[str]:
    stores: Sequence[Store] = dataset.stores
    return [store.index.content for store in stores]
