"""
nuScenes-Night and RobotCar-Night, as RNW and STEPS lay out their test sets.

nuScenes-Night: ``splits/night_test_split.txt`` (or ``day_``), ``test_night/color/NAME.jpg`` and
``test_night/gt/NAME.npy``, metres, 0 for none; ``test/`` and ``color_denoise/`` are taken where
those are all there is. RobotCar-Night: ``rgb/STAMP.png``, ``depth/STAMP.npy`` or
``STAMP_depth.npy``, ``test_split.txt``, ``intrinsic.npy``.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.set_files import (
    find_picture,
    load_array,
    matrix_camera,
    read_lines,
    stamp_of,
)
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.dropped import dropping, NO_CAMERA
from steps_ros.eval.folder_samples import Layout, Listing, read_depth_array, read_picture
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.references import reference_from_depth
from steps_ros.eval.samples import Sample

MICROSECOND_NS = 1000
INTRINSIC = 'intrinsic.npy'
ROBOTCAR_NIGHT = '2014-12-16-18-44-24'
_SPLITS = ('night', 'day')
_COLOURS = ('color', 'color_denoise')


def _nuscenes_root(path: Path) -> Path | None:
    return path if _nuscenes_folders(path) is not None else None


def _nuscenes_folders(root: Path) -> tuple[Path, Path, Path] | None:
    """Return split file, colour folder and depth folder."""
    for time in _SPLITS:
        split = root / 'splits' / f'{time}_test_split.txt'
        for test in (root / f'test_{time}', root / 'test'):
            colours = (test / name for name in _COLOURS)
            colour = next((folder for folder in colours if folder.is_dir()), None)
            if split.is_file() and colour is not None and (test / 'gt').is_dir():
                return split, colour, test / 'gt'
    return None


def _nuscenes_listing(root: Path, settings: InputSettings) -> Listing:
    folders = _nuscenes_folders(root)
    assert folders is not None
    split, colours, depths = folders
    matrix = _intrinsics(colours.parent)
    # STEPS sorts the list, RNW does not; every number is a mean, which the order leaves alone.
    makers = [
        partial(_nuscenes_sample, colours, depths, name, matrix)
        for name in sorted(read_lines(split))
    ]
    words = {'image': f'{colours.parent.name}/{colours.name}', 'reference': depths.name}
    return Listing({**words, 'split': split.name}, makers)


def _nuscenes_sample(
    colours: Path, depths: Path, name: str, matrix: NDArray[np.float64] | None
) -> Sample:
    log, _, rest = name.partition('__')
    camera, _, stamp = rest.partition('__')
    path = find_picture(colours, name)
    places = (log, camera or colours.name, name)
    return _sample(path, depths / f'{name}.npy', places, _stamp_ns(stamp), matrix)


def _robotcar_root(path: Path) -> Path | None:
    places = (path, path / ROBOTCAR_NIGHT)
    return next(
        (p for p in places if (p / 'test_split.txt').is_file() and (p / 'rgb').is_dir()), None
    )


def _robotcar_listing(root: Path, settings: InputSettings) -> Listing:
    matrix = _intrinsics(root)
    makers = [
        partial(_robotcar_sample, root, name, matrix)
        for name in read_lines(root / 'test_split.txt')
    ]
    return Listing({'image': 'rgb', 'reference': 'depth', 'split': 'test_split.txt'}, makers)


def _robotcar_sample(root: Path, name: str, matrix: NDArray[np.float64] | None) -> Sample:
    candidates = [root / 'depth' / f'{name}.npy', root / 'depth' / f'{name}_depth.npy']
    depth = next((path for path in candidates if path.is_file()), candidates[0])
    picture = find_picture(root / 'rgb', name)
    return _sample(picture, depth, (root.name, 'rgb', name), _stamp_ns(name), matrix)


def _sample(
    picture: Path,
    depth_path: Path,
    names: tuple[str, str, str],
    stamp_ns: int,
    matrix: NDArray[np.float64] | None,
) -> Sample:
    image = read_picture(picture)
    depth = read_depth_array(depth_path)
    with dropping(NO_CAMERA):
        camera = None if matrix is None else matrix_camera(matrix, image)
    # Published numbers read the prediction at the reference's own pixels, whatever the picture's.
    reference = reference_from_depth(depth, (depth.shape[0], depth.shape[1]))
    return Sample(*names, stamp_ns, image, camera, reference)


def _intrinsics(folder: Path) -> NDArray[np.float64] | None:
    path = folder / INTRINSIC
    if not path.is_file():
        return None
    try:
        return load_array(path)
    except FrameError as error:
        raise SourceError(str(error)) from error


def _stamp_ns(text: str) -> int:
    """Return the time in a name, 0 where there is none."""
    with suppress(ValueError):
        return stamp_of(text, MICROSECOND_NS) if text.isdecimal() else 0
    return 0


NUSCENES_NIGHT = Layout(
    'splits/night_test_split.txt, test_night/color/ and test_night/gt/',
    _nuscenes_root,
    _nuscenes_listing,
)
ROBOTCAR_NIGHT_SET = Layout('rgb/, depth/ and test_split.txt', _robotcar_root, _robotcar_listing)
