"""
Simulated shards as training samples: drawn, augmented, and resized by a seed and a step.

The sample of a step depends on nothing but the seed and the step's number, so a run that was
interrupted goes on exactly as if it had not been.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.core.camera import Camera
from steps_ros.core.rays import assumed_directions
from steps_ros.data.array_reading import array_names, load_arrays
from steps_ros.data.frames import Image
from steps_ros.errors import FrameError, SourceError
from steps_ros.inference.light_state import enhancement_alone
from steps_ros.inference.network_size import fitting_size
from steps_ros.train.augment import draw_aspect, draw_sample, Sample
from steps_ros.train.lit_skies import light_sky

_ARRAYS, _BENDS = ('images', 'depth', 'mounting', 'intrinsics'), 'distortion'
# Equal letters are equal lengths, digits are lengths themselves.
_AXES = {'images': 'NEHW3', 'depth': 'NHW', 'mounting': 'N3', 'intrinsics': 'N33', _BENDS: 'B'}
NEAREST_DEPTH, FARTHEST_DEPTH = 0.5, 80.0
# Share of the pictures that are enhanced without regard to their light.
ANYHOW = 0.2


class Street(NamedTuple):
    """
    The pictures of one street.

    ``images`` uint8 (N, E, H, W, 3) RGB, ``depth`` float16 (N, H, W) metres with +inf for sky,
    ``cameras`` and ``mounting`` (N, 3) of each frame: height in metres, pitch and roll in radians.
    """

    images: NDArray[np.uint8]
    depth: NDArray[np.float16]
    cameras: tuple[Camera, ...]
    mounting: NDArray[np.float32]


class Picture(NamedTuple):
    """One exposure with what is known of it, as in :class:`Street`."""

    image: Image
    depth: NDArray[np.float16]
    camera: Camera
    mounting: tuple[float, float, float]


@dataclass(frozen=True)
class Shards:
    """All streets of some folders, in memory."""

    streets: tuple[Street, ...]

    def pictures(self) -> Iterator[Picture]:
        """Yield the first exposure of every frame."""
        for street in self.streets:
            for number, camera in enumerate(street.cameras):
                height, pitch, roll = street.mounting[number].tolist()
                yield Picture(
                    street.images[number, 0], street.depth[number], camera, (height, pitch, roll)
                )


class DepthBatch(NamedTuple):
    """
    Pictures with known depth.

    ``image`` (B, 3, H, W) RGB and ``grey`` (B, 1, H, W), both in [0, 1]; ``depth`` (B, 1, H, W)
    from 0.5 to 80 m, +inf for sky; ``rays`` (B, 2, H, W), see :mod:`steps_ros.core.rays`;
    ``enhancement`` (B, 1, 1, 1), the power of the illumination that each picture is divided by.
    """

    image: Tensor
    grey: Tensor
    depth: Tensor
    rays: Tensor
    enhancement: Tensor


def load_shards(folders: Sequence[Path]) -> Shards:
    """
    Read all streets of the folders.

    :raises SourceError: a folder holds none, or a file is damaged.
    """
    streets = []
    for folder in folders:
        paths = sorted(folder.glob('*.npz'))
        if not paths:
            raise SourceError(f'{folder}: no training shards; make them with steps-ros simulate')
        streets += [_read(path) for path in paths]
    return Shards(tuple(streets))


def draw_batch(
    shards: Shards,
    size: tuple[int, int],
    count: int,
    generator: np.random.Generator,
    lit_skies: float = 0.0,
    by_light: bool = False,
) -> DepthBatch:
    """
    Draw and augment ``count`` pictures of one shape, with about as many pixels as ``size``.

    :param size: (height, width).
    :param lit_skies: share of the pictures that get more light in their sky.
    :param by_light: pictures are enhanced as far as their light lets the node do it, or, a few,
        anyhow; else in full.
    """
    shape = fitting_size(draw_aspect(generator), size)
    samples = [_draw_sample(shards, shape, generator, lit_skies) for _ in range(count)]
    batch = to_batch(samples)
    if not by_light:
        return batch
    powers = [_draw_enhancement(sample.image, generator) for sample in samples]
    return batch._replace(enhancement=torch.tensor(powers)[:, None, None, None])


def to_batch(samples: Sequence[Sample]) -> DepthBatch:
    """Turn samples of one size, their depth +inf for sky, into a batch, to be enhanced in full."""
    images = np.stack([sample.image for sample in samples])
    colour = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    grey = np.stack([cv2.cvtColor(sample.image, cv2.COLOR_RGB2GRAY) for sample in samples])
    depth = torch.from_numpy(np.stack([sample.depth for sample in samples]).astype(np.float32))
    known = torch.where(depth.isfinite(), depth.clamp(NEAREST_DEPTH, FARTHEST_DEPTH), torch.inf)
    rays = assumed_directions(colour).clone()
    for place, sample in enumerate(samples):
        if sample.rays is not None:
            rays[place] = torch.from_numpy(sample.rays.copy())
    levels = torch.from_numpy(grey)[:, None].float() / 255
    return DepthBatch(colour, levels, known[:, None], rays, torch.ones(len(samples), 1, 1, 1))


def _draw_sample(
    shards: Shards, size: tuple[int, int], generator: np.random.Generator, lit_skies: float
) -> Sample:
    street = shards.streets[int(generator.integers(len(shards.streets)))]
    frame = int(generator.integers(street.images.shape[0]))
    exposure = int(generator.integers(street.images.shape[1]))
    image, depth = street.images[frame, exposure], street.depth[frame]
    if lit_skies and generator.random() < lit_skies:
        image = light_sky(image, depth, generator)
    return draw_sample(image, depth, street.cameras[frame], size, generator)


def _draw_enhancement(image: Image, generator: np.random.Generator) -> float:
    """Return how far a picture is enhanced; the node fades, and may take dusk for night."""
    anyhow = float(generator.random())
    return anyhow if generator.random() < ANYHOW else enhancement_alone(image)


def _read(path: Path) -> Street:
    try:
        # The first shards were drawn through lenses that do not bend.
        bent = [name for name in (_BENDS,) if name in array_names(path)]
        arrays = load_arrays(path, (*_ARRAYS, *bent))
        _check_shapes(arrays)
        bends = tuple(arrays.get(_BENDS, np.empty(0)).tolist())
        height, width = arrays['depth'].shape[1:]
        cameras = tuple(
            Camera(width, height, fx, fy, cx, cy, 'plumb_bob', bends)
            for (fx, _, cx), (_, fy, cy), _ in arrays['intrinsics'].tolist()
        )
        return Street(arrays['images'], arrays['depth'], cameras, arrays['mounting'])
    except (OSError, ValueError, KeyError, FrameError) as error:
        reason = ' '.join(str(error).split())
        raise SourceError(
            f'{path}: not a training shard ({reason}); delete it and simulate again'
        ) from error


def _check_shapes(arrays: dict[str, NDArray[Any]]) -> None:
    """Raise :class:`ValueError` for arrays that are not those of one street."""
    lengths: dict[str, int] = {}
    for name, array in arrays.items():
        axes = _AXES[name]
        pairs = zip(axes, array.shape, strict=False)
        wanted = [
            int(axis) if axis.isdigit() else lengths.setdefault(axis, n) for axis, n in pairs
        ]
        is_kind = array.dtype == np.uint8 if name == 'images' else array.dtype.kind == 'f'
        is_whole = array.size or name == _BENDS
        if not (is_kind and is_whole and array.ndim == len(axes) and array.shape == (*wanted,)):
            raise ValueError(f'{name} is {array.dtype} of {array.shape}')
