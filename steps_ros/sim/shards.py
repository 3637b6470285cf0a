"""
Training shards: many streets, few frames of each, several exposures of every frame.

One uncompressed ``.npz`` per street, readable with numpy alone: ``images`` uint8
(N, E, H, W, 3) RGB, ``depth`` float16 (N, H, W) metres with +inf for sky, ``intrinsics``
float32 (N, 3, 3), ``mounting`` float32 (N, 3): camera height in metres, pitch (positive looks
down) and roll in radians. A street whose file exists is not drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
import multiprocessing
from pathlib import Path

import numpy as np

from steps_ros.errors import OutputError, SettingsError
from steps_ros.sim.clip import RadianceFrame, render_clip
from steps_ros.sim.sensor import develop, draw_sensor, exposure_gain
from steps_ros.sim.settings import ClipSettings, Stream
from steps_ros.sim.trajectory import Mounting


@dataclass(frozen=True)
class ShardSettings:
    """
    A collection of streets.

    ``clip`` gives seed, size, time and the frames of one street, which are taken at its
    ``rate_hz``; ``exposures`` pictures are taken of each frame, each by another camera.
    """

    clip: ClipSettings
    scenes: int
    exposures: int = 1

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` for an empty collection."""
        if self.scenes < 1 or self.exposures < 1:
            raise SettingsError(
                f'{self.scenes} scenes with {self.exposures} exposures; both must be at least 1'
            )


def shard_path(folder: Path, scene: int) -> Path:
    """Return the file of a street."""
    return folder / f'scene_{scene:05d}.npz'


def mounting_row(mounting: Mounting) -> tuple[float, float, float]:
    """Return what a shard keeps of a camera's mounting: height, pitch, roll."""
    return mounting.height, mounting.pitch, mounting.roll


def write_shards(settings: ShardSettings, folder: Path, workers: int = 1) -> Iterator[Path]:
    """
    Draw all streets that have no file yet and yield each path as it is there.

    :param workers: processes; one draws in this process.
    :raises OutputError: when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f'{folder}: cannot be made ({error.strerror}); choose a place'
        ) from error
    jobs = [(settings, folder, scene) for scene in range(settings.scenes)]
    if workers == 1:
        yield from map(_write_shard, jobs)
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        try:
            yield from pool.map(_write_shard, jobs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write_shard(job: tuple[ShardSettings, Path, int]) -> Path:
    settings, folder, scene = job
    path = shard_path(folder, scene)
    if path.exists():
        return path
    clip = replace(settings.clip, scene=scene)
    frames = list(render_clip(clip))
    images = [
        _exposures(clip, frame, number, settings.exposures) for number, frame in enumerate(frames)
    ]
    partial = path.with_suffix('.partial')
    with partial.open('wb') as file:
        np.savez(
            file,
            images=np.stack(images),
            depth=np.stack([frame.depth for frame in frames]).astype(np.float16),
            intrinsics=np.array([frame.camera.matrix for frame in frames], np.float32),
            mounting=np.array([mounting_row(frame.mounting) for frame in frames], np.float32),
        )
    partial.replace(path)
    return path


def _exposures(
    clip: ClipSettings, frame: RadianceFrame, number: int, exposures: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return (E, H, W, 3) pictures of one frame by cameras drawn anew."""
    pictures = []
    for exposure in range(exposures):
        generator = clip.generator(Stream.SENSOR, number, exposure)
        sensor = draw_sensor(generator, clip.time)
        gain = exposure_gain(frame.radiance, sensor)
        pictures.append(develop(frame.radiance, gain, sensor, generator))
    return np.stack(pictures)
