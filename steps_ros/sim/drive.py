"""
One camera through several streets: all frames in their order, drawn by several processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
import math
import multiprocessing
from typing import NamedTuple

import numpy as np

from steps_ros.errors import SettingsError
from steps_ros.sim.clip import simulate_clip, SimulatedFrame
from steps_ros.sim.lidar import LidarSettings
from steps_ros.sim.road import Doubles
from steps_ros.sim.settings import ClipSettings
from steps_ros.sim.world import ego_path

FRAMES_A_JOB = 8
# A drive starts at a time that no player takes for "unset".
START_NS = 1_700_000_000_000_000_000
PAUSE_S = 1.0


@dataclass(frozen=True)
class Drive:
    """``clip.frames`` pictures by one camera, shared out among ``scenes`` streets."""

    clip: ClipSettings
    scenes: int = 1
    lidar: LidarSettings | None = None

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
    lidar: LidarSettings | None
    start_ns: int
    odom_from_world: Doubles


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
    placed = _placements(drive)
    for clip, odom_from_world in zip(drive.streets(), placed, strict=True):
        for first in range(0, clip.frames, length):
            last = min(first + length, clip.frames)
            yield _Job(clip, first, last, drive.lidar, start_ns, odom_from_world)
        start_ns += round(_seconds(clip) * 1e9)


def _seconds(clip: ClipSettings) -> float:
    """Return the time from a street's first frame to that of the next street."""
    return clip.frames / clip.rate_hz + PAUSE_S


def _placements(drive: Drive) -> Iterator[Doubles]:
    """Yield odom_from_world of each street: its way begins where the last one's would go on."""
    end: Doubles | None = None
    for clip in drive.streets():
        start, goal = ego_path(clip, (0.0, _seconds(clip)))
        placement = np.eye(4) if end is None else _level(end) @ np.linalg.inv(_level(start))
        end = placement @ goal
        yield placement


def _level(pose: Doubles) -> Doubles:
    """Return the pose with its heading alone, so that up stays up from street to street."""
    heading = math.atan2(pose[1, 0], pose[0, 0])
    level = np.eye(4)
    level[:2, :2] = [
        [math.cos(heading), -math.sin(heading)],
        [math.sin(heading), math.cos(heading)],
    ]
    level[:3, 3] = pose[:3, 3]
    return level


def _frames(job: _Job) -> Iterator[SimulatedFrame]:
    for frame in simulate_clip(job.clip, job.first, job.last, job.lidar):
        yield _in_drive(frame, job)


def _in_drive(frame: SimulatedFrame, job: _Job) -> SimulatedFrame:
    """Return a street's frame in the time and place of the whole drive."""
    scan = frame.scan
    if scan is not None:
        scan = scan._replace(
            stamp_ns=scan.stamp_ns + job.start_ns, body=job.odom_from_world @ scan.body
        )
    return replace(
        frame,
        stamp_ns=frame.stamp_ns + job.start_ns,
        world_from_camera=job.odom_from_world @ frame.world_from_camera,
        scan=scan,
    )


def _all_frames(job: _Job) -> list[SimulatedFrame]:
    return list(_frames(job))
