"""
Training shards: many streets, few frames of each, several exposures of every frame.

One uncompressed ``.npz`` per street, readable with numpy alone: ``images`` uint8
(N, E, H, W, 3) RGB, ``depth`` float16 (N, H, W) metres with +inf for sky, ``intrinsics``
float32 (N, 3, 3), ``mounting`` float32 (N, 3): camera height in metres, pitch (positive looks
down) and roll in radians, ``distortion`` float64 plumb_bob (5,), empty for a lens that does not
bend. A street whose file exists is not drawn again.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
import multiprocessing
import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from steps_ros.data.outputs import claim_folder, npz_bytes, write_file
from steps_ros.errors import OutputError, SettingsError, StepsError
from steps_ros.sim.claims import claim, SETTINGS
from steps_ros.sim.negatives import draw_negatives, exposures, kept_negatives
from steps_ros.sim.processes import begin, interrupts_wait
from steps_ros.sim.settings import ClipSettings


@dataclass(frozen=True)
class ShardSettings:
    """
    A collection of streets.

    ``clip`` gives seed, size, time and the frames of one street, which are taken at its
    ``rate_hz``; ``exposures`` pictures are taken of each frame, each by another camera, and in
    another ``turn`` by others again. With a folder for ``negatives`` streets are drawn once and
    kept there; what is there is only exposed.
    """

    clip: ClipSettings
    scenes: int
    exposures: int = 1
    turn: int = 0
    negatives: Path | None = None

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` for an empty collection or a turn before the first."""
        if self.scenes < 1 or self.exposures < 1 or self.turn < 0:
            raise SettingsError(
                f'{self.scenes} scenes, {self.exposures} exposures, turn {self.turn}; '
                f'the first two must be at least 1, the turn at least 0'
            )


def shard_path(folder: Path, scene: int) -> Path:
    """Return the file of a street."""
    return folder / f'scene_{scene:05d}.npz'


def claim_shards(settings: ShardSettings, folder: Path, overwrite: bool = False) -> int:
    """
    Make a folder ready for a collection and return how many of its streets are there already.

    :param overwrite: throw away the streets that are there.
    :raises OutputError: it holds something else, or streets of other settings.
    """
    found = sorted(folder.glob('scene_*.npz'))
    if overwrite:
        for path in (*found, *folder.glob(SETTINGS)):
            path.unlink()
        found = []
    if not found and {path.name for path in folder.glob('*')} != {SETTINGS}:
        claim_folder(folder, overwrite)
    claim(folder, {**asdict(settings), 'negatives': None})
    return sum(shard_path(folder, scene) in found for scene in range(settings.scenes))


def write_shards(
    settings: ShardSettings, folder: Path, workers: int = 1
) -> Generator[Path, None, None]:
    """
    Draw all streets that have no file yet and yield each path as it is there.

    :param workers: processes; one draws in this process.
    :raises OutputError: when the folder cannot be written.
    :raises StepsError: a process died.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f'{folder}: cannot be made ({error.strerror}); choose a place'
        ) from error
    jobs = [(settings, folder, scene) for scene in range(settings.scenes)]
    missing = sum(not shard_path(folder, scene).exists() for scene in range(settings.scenes))
    if workers == 1 or missing < 2:
        yield from map(_write_shard, jobs)
        return
    context = multiprocessing.get_context('spawn')
    pool = ProcessPoolExecutor(min(workers, missing), context, begin, (os.getpid(),))
    try:
        # The processes start with their work, deaf to Ctrl-C; streets begun are finished.
        with interrupts_wait():
            futures = [pool.submit(_write_shard, job) for job in jobs]
        for future in futures:
            yield future.result()
    except BrokenProcessPool as error:
        raise StepsError(
            'a process that draws streets died, perhaps for want of memory; the same again goes '
            'on where it was, one worker needs least'
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _write_shard(job: tuple[ShardSettings, Path, int]) -> Path:
    settings, folder, scene = job
    path = shard_path(folder, scene)
    if path.exists():
        return path
    clip = replace(settings.clip, scene=scene)
    street = (
        draw_negatives(clip)
        if settings.negatives is None
        else kept_negatives(clip, shard_path(settings.negatives, scene))
    )
    arrays: dict[str, NDArray[Any]] = {
        'images': exposures(clip, street, settings.exposures, settings.turn),
        'depth': street.depth,
        'intrinsics': street.intrinsics,
        'mounting': street.mounting,
        'distortion': street.distortion,
    }
    write_file(path, npz_bytes(arrays))
    return path
