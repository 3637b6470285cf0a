"""
What to train on what, and the folder that it is kept in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import shutil

from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import OutputError, SettingsError, SourceError
from steps_ros.train.loops import BOARD
from steps_ros.train.presets import PRESETS
from steps_ros.train.trainer import LAST, SNAPSHOTS
from steps_ros.train.training_settings import TrainingSettings

FINAL, REJECTED, TEACHER = 'final.safetensors', 'rejected.safetensors', 'teacher.safetensors'
TEACHER_FOLDER, SETTINGS = 'teacher', 'settings.json'
CARD = 'model_card.md'


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
        if self.needs_day and not self.day:
            raise SettingsError(
                f'preset {self.preset} compares with day drives; give --day, or the preset '
                'monodepth2'
            )

    @property
    def size(self) -> tuple[int, int]:
        """Return (height, width) of the frames that training sees."""
        return self.store.height, self.store.width

    @property
    def needs_day(self) -> bool:
        """Say whether the preset compares with day drives."""
        return PRESETS[self.preset].adversarial_weight > 0

    @property
    def teacher_snapshot(self) -> Path:
        """Return where the training of the day network is saved."""
        return self.out / TEACHER_FOLDER / SNAPSHOTS / LAST


def described(job: Job) -> dict[str, object]:
    """Return the settings of a job, its objective among them, as JSON takes them."""
    content: dict[str, object] = json.loads(json.dumps(asdict(job), default=str))
    return {**content, 'objective': json.loads(json.dumps(asdict(PRESETS[job.preset])))}


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
    write_file(job.out / SETTINGS, json_bytes(described(job)))


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
