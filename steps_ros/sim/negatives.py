"""
What reaches the lens in one street, kept so that it is drawn once and exposed many times.

One uncompressed ``.npz`` per street, readable with numpy alone: ``radiance`` float16 (N, H, W, 3)
cd/m2 of linear RGB, ``motion`` float16 (N, H, W, 2) pixels per second to the right and down,
``depth`` float16 (N, H, W) metres with +inf for sky, ``wetness`` of the road, ``intrinsics``
float32 (N, 3, 3), ``distortion`` float64 plumb_bob (5,) or empty, ``mounting`` float32 (N, 3) as
in :mod:`steps_ros.sim.shards`, ``clip`` the settings as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.array_reading import load_arrays
from steps_ros.data.outputs import npz_bytes, write_file
from steps_ros.errors import SourceError
from steps_ros.sim.clip import render_clip
from steps_ros.sim.exposure import expose
from steps_ros.sim.mesh import Floats
from steps_ros.sim.motion_blur import Halfs
from steps_ros.sim.road import Doubles
from steps_ros.sim.sensor import Negative
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.trajectory import mounting_row

_NAMES = ('radiance', 'motion', 'depth', 'wetness', 'intrinsics', 'distortion', 'mounting')


@dataclass(frozen=True)
class Negatives:
    """All frames of one street; the arrays are those of the file."""

    radiance: Halfs
    motion: Halfs
    depth: Halfs
    wetness: NDArray[np.float32]
    intrinsics: Floats
    distortion: Doubles
    mounting: Floats

    def __len__(self) -> int:
        return len(self.radiance)

    def frame(self, number: int) -> Negative:
        """Return what reaches the lens in one frame."""
        return Negative(
            self.radiance[number], self.motion[number], self.depth[number], float(self.wetness)
        )


def draw_negatives(clip: ClipSettings) -> Negatives:
    """Draw one street."""
    frames = list(render_clip(clip))
    scenes = [frame.negative for frame in frames]
    camera = frames[0].camera
    return Negatives(
        np.stack([scene.radiance for scene in scenes]),
        np.stack([scene.motion for scene in scenes]),
        np.stack([scene.depth for scene in scenes]),
        np.array(scenes[0].wetness, np.float32),
        np.array([camera.matrix] * len(frames), np.float32),
        np.array(camera.distortion, np.float64),
        np.array([mounting_row(frame.mounting) for frame in frames], np.float32),
    )


def kept_negatives(clip: ClipSettings, path: Path) -> Negatives:
    """
    Return a street from a file, or draw it and write the file where there is none.

    :raises SourceError: the file is damaged or holds another street.
    :raises OutputError: it cannot be written.
    """
    if not path.exists():
        street = draw_negatives(clip)
        arrays = {name: getattr(street, name) for name in _NAMES}
        write_file(path, npz_bytes({**arrays, 'clip': np.array(repr(clip))}))
        return street
    street, found = read_negatives(path)
    if found != repr(clip):
        raise SourceError(f'{path} holds a street of other settings; choose another folder')
    return street


def read_negatives(path: Path) -> tuple[Negatives, str]:
    """
    Return the street of a file, and its settings as text.

    :raises SourceError: the file is damaged.
    """
    try:
        arrays = load_arrays(path)
        return Negatives(*(arrays[name] for name in _NAMES)), str(arrays['clip'])
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(f'{path} cannot be read ({error}); remove it and go on') from error


def exposures(
    clip: ClipSettings, street: Negatives, count: int, turn: int = 0
) -> NDArray[np.uint8]:
    """
    Return (N, E, H, W, 3) pictures: of each frame ``count``, each by a camera drawn anew.

    :param turn: another turn gives other pictures of the same street.
    """
    pictures = [
        expose(street.frame(number), clip.time, clip.generator(Stream.SENSOR, number, exposure))
        for number in range(len(street))
        for exposure in range(turn * count, (turn + 1) * count)
    ]
    return np.stack(pictures).reshape(len(street), count, *pictures[0].shape)
