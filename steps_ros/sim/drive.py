"""
One camera through several streets: all frames in their order, cut into jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
import math
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
    """
    ``clip.frames`` pictures by one camera, shared out among ``scenes`` streets from ``first`` on.

    The camera is that of the seed, whichever streets it drives through.
    """

    clip: ClipSettings
    scenes: int = 1
    lidar: LidarSettings | None = None
    first: int = 0

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` where a street gets no frame, or turns overtake frames."""
        if not 1 <= self.scenes <= self.clip.frames:
            raise SettingsError(
                f'{self.scenes} scenes for {self.clip.frames} frames; give each one a frame'
            )
        if self.lidar is not None and abs(self.lidar.offset_s) * self.clip.rate_hz >= 1:
            raise SettingsError(
                f'LiDAR offset {self.lidar.offset_s} s at {self.clip.rate_hz} frames/s; '
                f'it must be shorter than the time between two frames'
            )

    def streets(self) -> list[ClipSettings]:
        """Return one clip for each street."""
        share, rest = divmod(self.clip.frames, self.scenes)
        return [
            replace(
                self.clip, scene=self.first + scene, frames=share + (scene < rest), camera_scene=0
            )
            for scene in range(self.scenes)
        ]


class Job(NamedTuple):
    """
    The frames ``first`` to before ``last`` of one street.

    ``number`` counts the jobs of a drive, ``start_ns`` is the time of the street's first frame,
    ``odom_from_world`` where the street lies in the drive.
    """

    number: int
    clip: ClipSettings
    first: int
    last: int
    lidar: LidarSettings | None
    start_ns: int
    odom_from_world: Doubles


def drive_frames(drive: Drive) -> Iterator[SimulatedFrame]:
    """Yield the frames in their order; stamps rise throughout, with a pause between streets."""
    for job in drive_jobs(drive):
        yield from job_frames(job)


def drive_jobs(drive: Drive) -> list[Job]:
    """Return the work of a drive in pieces that can be done in any order."""
    jobs: list[Job] = []
    start_ns = START_NS
    for clip, placement in zip(drive.streets(), _placements(drive), strict=True):
        for first in range(0, clip.frames, FRAMES_A_JOB):
            last = min(first + FRAMES_A_JOB, clip.frames)
            jobs.append(Job(len(jobs), clip, first, last, drive.lidar, start_ns, placement))
        start_ns += round(_seconds(clip) * 1e9)
    return jobs


def job_frames(job: Job) -> Iterator[SimulatedFrame]:
    """Draw the frames of a job, in the time and place of the whole drive."""
    for frame in simulate_clip(job.clip, job.first, job.last, job.lidar):
        scan = frame.scan
        if scan is not None:
            body = job.odom_from_world @ scan.body
            scan = scan._replace(stamp_ns=scan.stamp_ns + job.start_ns, body=body)
        yield replace(
            frame,
            stamp_ns=frame.stamp_ns + job.start_ns,
            world_from_camera=job.odom_from_world @ frame.world_from_camera,
            scan=scan,
        )


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
