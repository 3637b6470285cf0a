"""
What to train on what, and the folder that it is kept in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
import json
import logging
from pathlib import Path
import shutil
from types import MappingProxyType
from typing import Any, get_args, get_type_hints, NamedTuple, TypeVar

from steps_ros import __version__
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.data.store_settings import StoreSettings
from steps_ros.errors import OutputError, SettingsError, SourceError
from steps_ros.train.finite import BAD_BATCH
from steps_ros.train.gate import LOG as VALIDATION_LOG
from steps_ros.train.loops import BOARD
from steps_ros.train.presets import PRESETS
from steps_ros.train.trainer import LAST, LOG, SNAPSHOTS, TIMING
from steps_ros.train.training_settings import require_least, TrainingSettings

FINAL, REJECTED, TEACHER = 'final.safetensors', 'rejected.safetensors', 'teacher.safetensors'
TEACHER_FOLDER, SETTINGS = 'teacher', 'settings.json'
CARD, CURVES = 'model_card.md', 'curves.png'
_ABSENT = object()
_DAMAGE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, SettingsError
)  # fmt: skip

logger = logging.getLogger(__name__)


Kept = TypeVar('Kept')


@dataclass(frozen=True)
class Job:
    """
    What to train on what.

    ``night`` and ``day`` are drives, each PATH or PATH@START-END; ``start`` the checkpoint that
    training begins with; ``teacher`` the day network, None to train one. ``teacher_steps`` are
    those on the day drives, in which depth and motion are learned, or motion alone.
    ``validate`` is the drive on which the result must not be worse than the start, None for no
    such gate, ``reference_topic`` what is measured there.
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
        require_least('--teacher-steps', self.teacher_steps, 1)
        if PRESETS[self.preset].reconstruction_weight > 0:
            self._require_more_than_warmup('--max-steps', self.training.max_steps)
            if self.needs_day and self.teacher is None:
                self._require_more_than_warmup('--teacher-steps', self.teacher_steps)
        if self.needs_day and not self.day:
            raise SettingsError(
                f'preset {self.preset} compares with day drives; give --day, or the preset '
                'monodepth2'
            )

    def _require_more_than_warmup(self, option: str, steps: int) -> None:
        warmup = self.training.pose_warmup
        if steps <= warmup:
            raise SettingsError(
                f'{option} {steps} with --pose-warmup {warmup}: nothing but motion would learn; '
                f'give more {option}, or a smaller --pose-warmup'
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


def described(job: Job) -> dict[str, Any]:
    """Return the settings of a job, its objective among them, as JSON takes them."""
    content: dict[str, Any] = json.loads(json.dumps(asdict(job), default=str))
    return {**content, 'objective': json.loads(json.dumps(asdict(PRESETS[job.preset])))}


def forget(folder: Path) -> None:
    """
    Remove what an earlier training left in a folder, so that another one can begin there.

    :raises OutputError: it cannot be removed, or is of something else than a training.
    """
    _require_own(folder)
    try:
        for path in _left(folder):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f'{folder}: the former training cannot be removed ({error.strerror}); choose another '
            'folder'
        ) from error


def _require_own(folder: Path) -> None:
    """Raise :class:`OutputError` where what a training would remove is of somebody else."""
    left = _left(folder)
    if left and not _is_training(folder):
        names = ', '.join(path.name for path in left)
        raise OutputError(
            f'{folder} holds {names}, but no {SETTINGS} of a training; choose another folder, or '
            'remove them'
        )


def _left(folder: Path) -> list[Path]:
    """
    Return what is there under the names that a training writes.

    The settings are the last: as long as anything else is there, they say that it is a training's.
    """
    names = (
        *(SNAPSHOTS, TEACHER_FOLDER, BOARD, FINAL, REJECTED, TEACHER, CARD, CURVES),
        *(VALIDATION_LOG, LOG, TIMING),
    )
    places = [folder / name for name in names]
    places += [*sorted(folder.glob(BAD_BATCH.format('*'))), folder / SETTINGS]
    return [path for path in places if path.is_symlink() or path.exists()]


def _is_training(folder: Path) -> bool:
    """Say whether the settings in a folder are a training's, of whatever version."""
    try:
        values = json.loads((folder / SETTINGS).read_text(encoding='utf-8'))
        return isinstance(values, dict) and {'preset', 'training', 'night'} <= values.keys()
    except (OSError, ValueError, RecursionError):
        return False


def has_begun(folder: Path) -> bool:
    """Say whether a step was ever saved there; until then the settings may still be mended."""
    places = (folder, folder / TEACHER_FOLDER)
    return any((place / SNAPSHOTS / LAST).is_file() for place in places)


def require_place(job: Job, is_new: bool) -> None:
    """
    Look whether a training that begins may write where it wants to.

    :param is_new: what a former training left there is going to be removed.
    :raises SettingsError: the weights that it begins with lie there.
    :raises OutputError: what would be removed is of something else than a training.
    """
    if is_new:
        _require_own(job.out)
    if is_new or not has_begun(job.out):
        _require_apart(job)


def _require_apart(job: Job) -> None:
    folder = job.out.resolve()
    for option, path in (('--init', job.start), ('--teacher', job.teacher)):
        if path is None:
            continue
        # A link counts as well as what it leads to.
        places = (path.resolve(), path.parent.resolve() / path.name)
        if any(place.is_relative_to(folder) for place in places):
            raise SettingsError(
                f'{option} {path} lies in --out {job.out}, where this training writes; copy it to '
                'another place, or give another --out'
            )


def begin(job: Job, content: Mapping[str, str], is_new: bool, processes: int = 1) -> None:
    """
    Keep the settings in the folder of the training, or see that it can go on there.

    :param content: a SHA-256 of each file that it learns from, by its name; empty where unknown.
    :param is_new: what a former training left is removed.
    :param processes: how many train together.
    :raises SourceError: the training was begun with a file that is another one now, or by another
        number of processes, and so with other batches.
    :raises OutputError: the folder cannot be written.
    """
    if is_new:
        forget(job.out)
    elif has_begun(job.out):
        former = _begun(job.out)
        _require_same(former.content, content)
        if former.processes not in (None, processes):
            raise SourceError(
                f'{job.out} was begun by {former.processes} processes, not {processes}; go on '
                f'with as many: torchrun --nproc-per-node {former.processes}'
            )
    write_job(job, content, processes)


def _require_same(former: Mapping[str, str], present: Mapping[str, str]) -> None:
    for name, then in former.items():
        now = present.get(name, then)
        if then and now != then:
            raise SourceError(
                f'{name} is another file than this training was begun with (SHA-256 {now[:8]}, '
                f'then {then[:8]}); put that one back, or train anew with another --out'
            )


def write_job(
    job: Job, content: Mapping[str, str] = MappingProxyType({}), processes: int | None = None
) -> None:
    """
    Keep the settings in the folder of the training, for whoever goes on with it.

    :param content: as :func:`begin`; the processes are not known where they are None.
    :raises OutputError: it cannot be written.
    """
    known = {'content': dict(content), 'processes': processes}
    whole = {'version': __version__, **described(job), **known}
    write_file(job.out / SETTINGS, json_bytes(whole), lasting=True)


def read_job(folder: Path) -> Job:
    """
    Return the job of a training that was begun in this folder, by this version or an older one.

    What an older one did not know has its default. Where the objective of the preset was another
    then, a warning says so.

    :raises SourceError: there is none, it is damaged, or a newer version began it.
    """
    job, begun_with, *_ = _begun(folder)
    changes = _changes(begun_with, described(job)['objective'])
    if changes:
        logger.warning(
            '%s: the objective %s was another when this began (%s); it goes on with that of '
            'steps_ros %s, and with the former one in the version that began it',
            folder,
            job.preset,
            changes,
            __version__,
        )
    return job


class _Begun(NamedTuple):
    """
    What ``settings.json`` holds.

    The job, the objective of then, hashes of files by name, and by how many processes, if known.
    """

    job: Job
    objective: dict[str, Any]
    content: dict[str, str]
    processes: int | None


def _begun(folder: Path) -> _Begun:
    path, version = folder / SETTINGS, ''
    try:
        values = json.loads(path.read_text(encoding='utf-8'))
        version = str(values.pop('version', ''))
        objective = dict(values.pop('objective'))
        # The first trainings knew nothing of it.
        content = {name: str(value) for name, value in values.pop('content', {}).items()}
        processes = values.pop('processes', None)
        return _Begun(_typed(_job(folder, values)), objective, content, processes)
    except _DAMAGE as error:
        reason = ' '.join(str(error).split())
        if version not in ('', __version__):
            raise SourceError(
                f'{path} was written by steps_ros {version} and means nothing to {__version__} '
                f'({reason}); go on with that version, or begin in another folder'
            ) from error
        raise SourceError(
            f'{path} describes no training ({reason}); give the --out of one to --resume'
        ) from error


def _job(folder: Path, content: dict[str, Any]) -> Job:
    options = content.pop('options')
    intrinsics = options.pop('intrinsics')
    training = content.pop('training')
    training['halving_epochs'] = tuple(training['halving_epochs'])
    # The first trainings had no gate.
    teacher, validate = content.pop('teacher'), content.pop('validate', None)
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


def _typed(settings: Kept) -> Kept:
    """Return settings whose values have the types of their fields, or raise ValueError."""
    for name, kind in get_type_hints(type(settings)).items():
        value = getattr(settings, name)
        if is_dataclass(value):
            _typed(value)
            continue
        listed = get_args(kind)[:1] if isinstance(value, tuple) else ()
        wanted = listed[0] if listed else kind
        wanted = wanted | int if isinstance(0.0, wanted) else wanted
        if not all(isinstance(item, wanted) for item in (value if listed else [value])):
            raise ValueError(f'{name} is {value!r}')
    return settings


def _changes(former: dict[str, Any], present: dict[str, Any]) -> str:
    """Say which values differ; a name that was not there is new, but for a weight, which was 0."""
    former = dict.fromkeys((name for name in present if name.endswith('_weight')), 0) | former
    names = sorted(former.keys() | present.keys())
    return ', '.join(
        f'{name} {former.get(name, "-")} then, {present.get(name, "-")} now'
        for name in names
        if former.get(name, _ABSENT) != present.get(name, _ABSENT)
    )
