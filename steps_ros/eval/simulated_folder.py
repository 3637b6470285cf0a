"""
Folders that ``steps-ros simulate`` has written.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.array_reading import load_arrays
from steps_ros.data.cameras import fitted, read_camera
from steps_ros.data.set_files import stamp_of
from steps_ros.data.sources import list_images
from steps_ros.errors import SourceError
from steps_ros.eval.folder_samples import Layout, Listing, read_depth_array, read_picture
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.references import reference_from_depth
from steps_ros.eval.samples import Mounting, Sample

Doubles = NDArray[np.float64]


class _Place(NamedTuple):
    """Stamp, pose and mounting of one picture."""

    stamp_ns: int
    world_from_camera: Doubles
    mounting: Mounting | None


def _root(path: Path) -> Path | None:
    files = (path / name for name in ('camera.yaml', 'poses.txt', 'stamps.txt'))
    folders = (path / name for name in ('images', 'depth'))
    whole = all(file.is_file() for file in files) and all(folder.is_dir() for folder in folders)
    return path if whole else None


def _listing(root: Path, settings: InputSettings) -> Listing:
    pictures = list_images(root / 'images')
    camera = read_camera(root / 'camera.yaml')
    places = _places(root, len(pictures))
    makers = [
        partial(_sample, root, path, camera, place)
        for path, place in zip(pictures, places, strict=True)
    ]
    return Listing({'image': 'images', 'reference': 'depth', 'motion': 'poses.txt'}, makers)


def _places(root: Path, count: int) -> list[_Place]:
    try:
        stamps = [stamp_of(word) for word in (root / 'stamps.txt').read_text().split()]
        rows = np.loadtxt(root / 'poses.txt', ndmin=2).reshape(-1, 3, 4)
        if not np.isfinite(rows).all():
            raise ValueError('a pose is not finite')
    except (OSError, ValueError) as error:
        reason = ' '.join(str(error).split())
        raise SourceError(f'{root}: stamps.txt or poses.txt is damaged: {reason}') from error
    if not len(stamps) == len(rows) == count:
        raise SourceError(
            f'{root} has {count} images, {len(stamps)} stamps and {len(rows)} poses, which must '
            'be equal; simulate it again'
        )
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3] = rows
    mountings = _mountings(root, count)
    return [_Place(*place) for place in zip(stamps, poses, mountings, strict=True)]


def _mountings(root: Path, count: int) -> list[Mounting | None]:
    """Return how the camera sits at each picture, as the training shards beside them say."""
    rows: list[Mounting | None] = []
    for path in sorted((root / 'shards').glob('*.npz')):
        try:
            mountings = load_arrays(path, ['mounting'])['mounting']
            rows += [Mounting(*row) for row in mountings.tolist()]
        except (OSError, ValueError, KeyError, TypeError):
            return [None] * count
    return rows if len(rows) == count else [None] * count


def _sample(root: Path, path: Path, camera: Camera, place: _Place) -> Sample:
    image = read_picture(path)
    height, width = image.shape[:2]
    depth = read_depth_array(root / 'depth' / f'{path.stem}.npy')
    return Sample(
        drive=root.name,
        camera='images',
        stem=path.stem,
        stamp_ns=place.stamp_ns,
        image=image,
        intrinsics=fitted(camera, width, height),
        reference=reference_from_depth(depth, (height, width)),
        world_from_camera=place.world_from_camera,
        mounting=place.mounting,
    )


SIMULATED = Layout('images/, depth/, camera.yaml, poses.txt and stamps.txt', _root, _listing)
