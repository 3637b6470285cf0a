"""
One camera through several streets: all frames in their order, drawn by several processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
import multiprocessing
from typing import NamedTuple

from steps_ros.errors import SettingsError
from steps_ros.sim.clip import simulate_clip, SimulatedFrame
from steps_ros.sim.settings import ClipSettings

FRAMES_A_JOB = 8
# A drive starts at a time that no player takes for "unset".
START_NS = 1_700_000_000_000_000_000
PAUSE_S = 1.0


@dataclass(frozen=True)
class Drive:
    """``clip.frames`` pictures by one camera, shared out among ``scenes`` streets."""

    clip: ClipSettings
    scenes: int = 1

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` where a street would get no frame."""
        if not 1 <= self.scenes <= self.clip.frames:
            raise SettingsError(
                f'{self.scenes} scenes for {self.clip.frames} frames; give each one a frame'
            )

    def streets(self) -> list[ClipSettings]:
        """Return one clip for each street."""
        share, rest = divmod(self.clip.frames, self.scenes)
        return [
            replace(self.clip, scene=scene, frames=share + (scene < rest), camera_scene=0)
            for scene in range(self.scenes)
        ]


class _Job(NamedTuple):
    """Some frames of one street, and the time at which the street starts."""

    clip: ClipSettings
    first: int
    last: int
    start_ns: int


def drive_frames(drive: Drive, workers: int = 1) -> Iterator[SimulatedFrame]:
    """
    Yield the frames in their order; stamps rise throughout, with a pause between streets.

    :param workers: processes; the frames do not depend on it.
    """
    jobs = list(_jobs(drive, 1 << 30 if workers == 1 else FRAMES_A_JOB))
    if workers == 1:
        for job in jobs:
            yield from _frames(job)
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        try:
            for frames in pool.map(_all_frames, jobs):
                yield from frames
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _jobs(drive: Drive, length: int) -> Iterator[_Job]:
    start_ns = START_NS
    for clip in drive.streets():
        for first in range(0, clip.frames, length):
            yield _Job(clip, first, min(first + length, clip.frames), start_ns)
        start_ns += round((clip.frames / clip.rate_hz + PAUSE_S) * 1e9)


def _frames(job: _Job) -> Iterator[SimulatedFrame]:
    for frame in simulate_clip(job.clip, job.first, job.last):
        yield replace(frame, stamp_ns=frame.stamp_ns + job.start_ns)


def _all_frames(job: _Job) -> list[SimulatedFrame]:
    return list(_frames(job))
