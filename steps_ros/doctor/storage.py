"""
The weights, the folder of what is kept, and the room on the disks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import os
from pathlib import Path
import shutil
import tempfile

from steps_ros.doctor.finding import fail, Finding, note, ok, parted
from steps_ros.errors import CheckpointError

MEGABYTE, GIGABYTE = 1e6, 1e9
# Below the first nothing works; below the second a recording ends soon.
LEAST_BYTES, FEW_BYTES = 200e6, 2e9


def weights(path: Path) -> list[Finding]:
    """Check that the weights load and are those that were saved."""
    from steps_ros.core.checkpoint import load_checkpoint, stored_sha256

    try:
        provenance, known = load_checkpoint(path).provenance, stored_sha256(path)
    except CheckpointError as error:
        says, _ = parted(str(error))
        return [fail('weights', says, 'install the package again, or give another checkpoint')]
    facts = f'{path}, {path.stat().st_size / MEGABYTE:.1f} MB, written by {provenance.version}'
    if known:
        return [ok('weights', f'{facts}, content as saved: SHA-256 {known[:16]}...')]
    return [
        note('weights', f'{facts}; of a version without a hash of the content', 'save them again')
    ]


def kept(folder: Path) -> list[Finding]:
    """
    Check that what takes long to make can be kept.

    :param folder: of engines, stores of drives and the clip of the demo; may not exist yet.
    """
    if not os.access(_existing(folder), os.W_OK | os.X_OK):
        says = f'{folder} cannot be written: engines are built anew at every start'
        return [note('cache', says, 'change its rights, or set XDG_CACHE_HOME')]
    size = sum(path.stat().st_size for path in folder.rglob('*') if path.is_file())
    return [ok('cache', f'{folder}, {size / MEGABYTE:.0f} MB')]


def disks(places: Mapping[str, Path]) -> list[Finding]:
    """
    Check the room on each disk.

    :param places: folders, which may not exist yet, by what is written there.
    """
    used: dict[int, tuple[Path, list[str]]] = {}
    for name, place in places.items():
        folder = _existing(place)
        used.setdefault(folder.stat().st_dev, (folder, []))[1].append(name)
    return [_room(folder, names) for folder, names in used.values()]


def usual_places(environment: Mapping[str, str], cache: Path) -> dict[str, Path]:
    """Return where the package and ROS write if nothing else is said."""
    ros_home = Path(environment.get('ROS_HOME') or Path.home() / '.ros')
    return {
        'this folder': Path.cwd(),
        'cache': cache,
        'temporary files': Path(tempfile.gettempdir()),
        'logs of ROS': Path(environment.get('ROS_LOG_DIR') or ros_home / 'log'),
    }


def _room(folder: Path, names: Iterable[str]) -> Finding:
    free = shutil.disk_usage(folder).free
    says = f'{free / GIGABYTE:.1f} GB free for {", ".join(names)} ({folder})'
    if free < LEAST_BYTES:
        return fail('disk', says, 'make room')
    if free < FEW_BYTES:
        return note('disk', says, 'make room before you record: pictures take gigabytes')
    return ok('disk', says)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
