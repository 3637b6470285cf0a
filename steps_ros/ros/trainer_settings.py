"""
The parameters of the node trainer, and the training that they ask for.

They are the options of ``steps-ros train`` under the same names, with ``_`` for ``-``. A training
that was begun in ``out`` goes on; ``--resume`` and ``--overwrite`` have no counterpart, because
whoever starts a robot starts all of it with the same parameters every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
import re
from typing import Any, TYPE_CHECKING

from steps_ros.errors import OutputError, SettingsError
from steps_ros.ros.parameters import SIZE_PATTERN
from steps_ros.settings import check, describe, flatten, setting
from steps_ros.shipped_weights import weights_file

if TYPE_CHECKING:
    from steps_ros.train.job import Job

# As often as this in a training, where it is not said.
VALIDATIONS = 10
GO_ON = 'start again with the same parameters to go on'


@dataclass(frozen=True)
class TrainerSettings:
    """All parameters of the node trainer."""

    bag: tuple[str, ...] = setting(
        (), 'Night drives, PATH or PATH@START-END; one or a list.', read_only=True
    )
    day: tuple[str, ...] = setting(
        (), 'Day drives for the teacher, written as those of bag.', read_only=True
    )
    init: str = setting(
        'default',
        'Weights to start from, a .safetensors file, or default: those in the package.',
        read_only=True,
    )
    out: str = setting(
        '',
        'Folder of checkpoints, logs and results; a training begun there goes on.',
        read_only=True,
    )
    preset: str = setting(
        'steps',
        'Objective: steps and rnw learn from a teacher by day too, monodepth2 from night drives '
        'alone, supervised from drives with depth.',
        choices=('monodepth2', 'rnw', 'steps', 'supervised'),
        read_only=True,
    )
    teacher: str = setting(
        '', 'Day network, a .safetensors file. Empty: one is trained on day.', read_only=True
    )
    teacher_steps: int = setting(
        1500,
        'Steps on day: of the teacher and of motion, or of motion alone where teacher is given.',
        minimum=1,
        read_only=True,
    )
    validate: str = setting(
        '',
        'Drive, PATH or PATH@START-END: the best state there becomes final, and is rejected where '
        'it is worse than init. Empty: no such gate.',
        read_only=True,
    )
    validate_every: int = setting(
        -1,
        'Steps between validations; 0: at the end alone, -1: a tenth of max_steps.',
        minimum=-1,
        read_only=True,
    )
    reference_topic: str = setting(
        '', 'Depth or LiDAR of the validation drive. Empty: the only one.', read_only=True
    )
    size: str = setting(
        '',
        'HxW that the networks see. Empty: 192x320, and for weights that see rays about as many '
        "pixels in the pictures' shape.",
        read_only=True,
    )
    batch: int = setting(2, 'Triplets in each step.', minimum=1, read_only=True)
    max_steps: int = setting(
        2000, 'Steps in all, those before a restart among them.', minimum=1, read_only=True
    )
    pose_warmup: int = setting(
        200, 'First steps, in which the pose network learns alone.', minimum=0, read_only=True
    )
    learning_rate: float = setting(
        1e-4, 'Learning rate of all networks.', minimum=1e-12, maximum=1.0, read_only=True
    )
    seed: int = setting(
        0, 'Seed of everything that is drawn at random.', minimum=0, read_only=True
    )
    device: str = setting(
        'auto',
        'What is trained on: cpu, cuda or cuda:N; auto: a GPU where there is one.',
        read_only=True,
    )
    precision: str = setting(
        'float32',
        'Number type of the networks; geometry and losses are in float32.',
        choices=('float32', 'bfloat16'),
        read_only=True,
    )
    channels_last: bool = setting(
        True, 'Channels innermost in memory, mostly faster.', read_only=True
    )
    compile: bool = setting(
        False, 'Compile depth and pose network; needs a compiler.', read_only=True
    )
    intrinsics: str = setting(
        '', 'Camera file that replaces the camera_info of the drives.', read_only=True
    )
    image_topic: str = setting(
        '', 'Which images of the drives. Empty: the only ones.', read_only=True
    )
    depth_topic: str = setting(
        '',
        'Depth or LiDAR of the drives, for preset supervised. Empty: the only one.',
        read_only=True,
    )
    odom_topic: str = setting(
        '',
        'Odometry that tells how far the drives went; none: leave it aside. Empty: the only one.',
        read_only=True,
    )
    bonnet: float = setting(
        0.0,
        'Share of the rows cut off below, where the own vehicle is in the picture.',
        minimum=0.0,
        maximum=0.9,
        read_only=True,
    )

    def __post_init__(self) -> None:
        """Check the limits, the form of the size, and that there is something to do."""
        check(self)
        if self.size and SIZE_PATTERN.fullmatch(self.size) is None:
            raise SettingsError(f'size: {self.size!r} is no size; give HxW, such as 192x320')

    @property
    def height_width(self) -> tuple[int, int] | None:
        """The size as (height, width); None where the training is to choose."""
        if not self.size:
            return None
        height, width = self.size.split('x')
        return int(height), int(width)

    @property
    def validation_period(self) -> int:
        """The steps from one validation to the next; 0 for one at the end alone."""
        if self.validate_every >= 0:
            return self.validate_every
        return max(1, self.max_steps // VALIDATIONS)

    @property
    def folder(self) -> Path:
        """The folder of the results."""
        return Path(self.out).expanduser()


def asked_job(settings: TrainerSettings) -> Job:
    """
    Return the training that the parameters ask for, new or to go on with.

    :raises StepsError: a drive or the folder is missing, parameters that do not go together, a
        folder that is in use, or that holds a training begun with other parameters.
    """
    for name in ('bag', 'out'):
        if not getattr(settings, name):
            raise SettingsError(f'parameter {name} is empty; set it, as with -p {name}:=PATH')
    wanted = _wanted(settings)
    # torch takes seconds to import, and with it these.
    from steps_ros.train.job import has_begun, read_job, SETTINGS

    if not (wanted.out / SETTINGS).is_file():
        _require_free(wanted.out)
    elif has_begun(wanted.out):
        return _going_on(settings, wanted, read_job(wanted.out))
    return wanted


def snapshots(out: Path) -> dict[str, Path]:
    """Return where each loop of a training saves to, by the name of the loop."""
    from steps_ros.train.job import TEACHER_FOLDER
    from steps_ros.train.trainer import LAST, SNAPSHOTS

    folders = {'train': out, 'teacher': out / TEACHER_FOLDER}
    return {name: folder / SNAPSHOTS / LAST for name, folder in folders.items()}


def in_parameters(message: str) -> str:
    """Return a message of the training with parameters instead of command-line options."""
    known = {item.name for item in describe(TrainerSettings)}

    def named(match: re.Match[str]) -> str:
        name = match[1].replace('-', '_')
        return f'parameter {name}' if name in known else match[0]

    message = message.replace('go on with --resume', GO_ON)
    return re.sub(r'--([a-z][a-z-]*)', named, message)


def _wanted(settings: TrainerSettings) -> Job:
    from steps_ros.data.drive_options import DriveOptions
    from steps_ros.data.store_settings import StoreSettings
    from steps_ros.inference.network_size import checked
    from steps_ros.train.job import Job
    from steps_ros.train.presets import PRESETS
    from steps_ros.train.training_settings import TrainingSettings
    from steps_ros.train.training_size import training_size

    store = StoreSettings(
        bonnet=settings.bonnet, depth=PRESETS[settings.preset].supervision_weight > 0
    )
    night = tuple(_home(drive) for drive in settings.bag)
    start = weights_file(settings.init)
    options = DriveOptions(
        settings.image_topic or None,
        depth_topic=settings.depth_topic or None,
        odometry_topic=settings.odom_topic or None,
        intrinsics=_path(settings.intrinsics),
    )
    height, width = checked(settings.height_width) or training_size(
        start, night[0], options, settings.bonnet
    )
    return Job(
        night=night,
        day=tuple(_home(drive) for drive in settings.day),
        out=settings.folder,
        start=start,
        preset=settings.preset,
        teacher=weights_file(settings.teacher) if settings.teacher else None,
        teacher_steps=settings.teacher_steps,
        training=TrainingSettings(
            max_steps=settings.max_steps,
            batch=settings.batch,
            learning_rate=settings.learning_rate,
            pose_warmup=settings.pose_warmup,
            seed=settings.seed,
            precision=settings.precision,
            channels_last=settings.channels_last,
            compile=settings.compile,
            validate_every=settings.validation_period,
        ),
        store=replace(store, height=height, width=width),
        options=options,
        validate=_path(settings.validate),
        reference_topic=settings.reference_topic or None,
    )


def _home(path: str) -> str:
    return str(Path(path).expanduser())


def _path(path: str) -> Path | None:
    return Path(_home(path)) if path else None


def _require_free(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise OutputError(f'{out} is a file; set parameter out to a folder')
    if out.is_dir() and any(out.iterdir()):
        raise OutputError(
            f'{out} is not empty and holds no training; set parameter out to another folder'
        )


def _going_on(settings: TrainerSettings, wanted: Job, begun: Job) -> Job:
    """
    Return a training as it was begun, but with as many steps as are wanted now.

    :raises SettingsError: anything else was changed, and would have no effect.
    """
    steps = replace(begun.training, max_steps=wanted.training.max_steps)
    if settings.validate_every < 0:
        same = replace(wanted.training, validate_every=steps.validate_every)
        wanted = replace(wanted, training=same)
    job = replace(begun, training=steps)
    for (name, new), (_, old) in zip(_values(wanted), _values(job), strict=True):
        if new != old:
            raise SettingsError(
                f'{job.out} holds a training begun with {name} {old}, not {new}; set it back, or '
                'set parameter out to another folder'
            )
    return job


def _values(job: Job) -> Iterator[tuple[str, Any]]:
    for name, value in flatten(asdict(job)):
        yield name.rpartition('.')[2], value
