"""
The training halves of nuScenes-Night and RobotCar-Night, as RNW and STEPS lay them out.

nuScenes-Night: ``splits/night_train_split.txt`` (or ``day_``) names scenes, one a line;
``sequences/SCENE/`` holds ``file_list.txt``, whose names are sorted, ``intrinsic.npy`` (4, 4) and
the pictures. RobotCar-Night: ``rgb/STAMP.png``, ``intrinsic.npy`` and ``train_split.txt``, in
which lines of ``-----`` cut the drive into chunks; pictures are cut to 1152x640 in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re

from steps_ros.data.listed_drive import Entry, ListedDrive, SECOND_NS
from steps_ros.data.set_files import Doubles, find_picture, load_array, read_lines, stamp_of
from steps_ros.errors import FrameError, SourceError

MICROSECOND_NS = 1000
INTRINSIC, FILE_LIST, TRAIN_SPLIT = 'intrinsic.npy', 'file_list.txt', 'train_split.txt'
ROBOTCAR_NIGHT = '2014-12-16-18-44-24'
ROBOTCAR_CROP = (1152, 640)
# Pictures of the nuScenes cameras come at 12 Hz; names without a time are taken so.
NUSCENES_PERIOD_NS = SECOND_NS // 12
_TIME = re.compile(r'(\d{10,})$')


def nuscenes_split(path: Path) -> Path | None:
    """
    Return the split file that is meant by a root folder or a split file; None where it is neither.

    :raises SourceError: a root that has both day and night.
    """
    if path.is_file():
        is_split = path.parent.name == 'splits' and (path.parents[1] / 'sequences').is_dir()
        return path if is_split and path.suffix == '.txt' else None
    if not (path / 'sequences').is_dir():
        return None
    found = sorted((path / 'splits').glob('*_train_split.txt'))
    if len(found) > 1:
        names = ', '.join(str(file) for file in found)
        raise SourceError(f'{path} has several drives: give one of {names}')
    return found[0] if found else None


def nuscenes_drive(split: Path) -> ListedDrive:
    """
    List the pictures of all scenes of a split file.

    :raises SourceError: a scene, its list or its intrinsics are missing or damaged.
    """
    entries: list[Entry] = []
    also = [split]
    for sequence, scene in enumerate(read_lines(split)):
        folder = split.parents[1] / 'sequences' / scene
        also += [folder / FILE_LIST, folder / INTRINSIC]
        entries += _scene(folder, sequence)
    return ListedDrive(split, 'nuscenes-night', entries, also)


def is_robotcar(path: Path) -> bool:
    """Say whether a folder is a drive of RobotCar-Night for training."""
    return (path / TRAIN_SPLIT).is_file() and (path / 'rgb').is_dir()


def robotcar_drive(path: Path) -> ListedDrive:
    """
    List the pictures of a drive, chunk by chunk.

    The night drive's intrinsics stand for a day drive without its own beside it.

    :raises SourceError: the list or the intrinsics are missing or damaged.
    """
    places = (path / INTRINSIC, path.parent / ROBOTCAR_NIGHT / INTRINSIC)
    intrinsic = next((place for place in places if place.is_file()), places[0])
    matrix = _matrix(intrinsic)
    entries = [
        Entry(
            find_picture(path / 'rgb', name),
            _stamp_ns(path / TRAIN_SPLIT, name),
            sequence,
            matrix,
            _depth(path, name),
        )
        for sequence, name in _chunks(path / TRAIN_SPLIT)
    ]
    drive = ListedDrive(path, 'robotcar-night', entries, [path / TRAIN_SPLIT, intrinsic])
    drive.crop = ROBOTCAR_CROP
    return drive


def _scene(folder: Path, sequence: int) -> Iterator[Entry]:
    matrix = _matrix(folder / INTRINSIC)
    for index, name in enumerate(sorted(read_lines(folder / FILE_LIST))):
        stem = Path(name).stem if Path(name).suffix else name
        time = _TIME.search(stem)
        stamp_ns = index * NUSCENES_PERIOD_NS
        if time is not None:
            stamp_ns = _stamp_ns(folder / FILE_LIST, time[1])
        yield Entry(find_picture(folder, stem), stamp_ns, sequence, matrix)


def _stamp_ns(path: Path, digits: str) -> int:
    try:
        return stamp_of(digits, MICROSECOND_NS)
    except ValueError as error:
        raise SourceError(f'{path}: {error}; correct it') from error


def _chunks(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of its chunk and the name of every picture of a list."""
    read_lines(path)  # refuses a list that cannot be read or is empty
    sequence = 0
    for line in path.read_text(encoding='utf-8').splitlines():
        word = line.split()[0] if line.strip() else '#'
        if word.startswith('---'):
            sequence += 1
        elif not word.startswith('#'):
            if not word.isdecimal():
                raise SourceError(f'{path}: {word} is no time in microseconds; correct it')
            yield sequence, word


def _depth(root: Path, name: str) -> Path | None:
    candidates = (root / 'depth' / f'{name}.npy', root / 'depth' / f'{name}_depth.npy')
    return next((path for path in candidates if path.is_file()), None)


def _matrix(path: Path) -> Doubles:
    try:
        return load_array(path)
    except FrameError as error:
        raise SourceError(str(error)) from error
