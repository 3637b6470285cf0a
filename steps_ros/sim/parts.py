"""
A drive drawn piece by piece, by several processes, into a folder from which it can go on.

``PARTS/settings.json`` says of which drive the parts are; ``PARTS/00000.npz`` holds the frames of
job 0, uncompressed, readable with numpy alone. A part is there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
import multiprocessing
from multiprocessing.synchronize import Event
import os
from pathlib import Path
import shutil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.array_reading import array_names, load_arrays
from steps_ros.data.outputs import npz_bytes, write_file
from steps_ros.errors import OutputError, StepsError
from steps_ros.sim.claims import claim, SETTINGS
from steps_ros.sim.clip import SimulatedFrame
from steps_ros.sim.drive import Drive, drive_jobs, Job, job_frames
from steps_ros.sim.lidar import body_from_lidar, Scan
from steps_ros.sim.processes import begin, interrupts_wait
from steps_ros.sim.trajectory import draw_mounting

SUFFIX = '.parts'
_STACKED = ('image', 'depth', 'flow', 'instance', 'illuminance', 'world_from_camera', 'stamp_ns')
_UNREADABLE = (OSError, ValueError, KeyError)


def parts_folder(out: Path) -> Path:
    """Return where the parts of an output lie until it is whole: beside it."""
    return out.with_name(out.name + SUFFIX)


def claim_parts(drive: Drive, folder: Path, overwrite: bool = False) -> frozenset[int]:
    """
    Make a folder ready for a drive and return the numbers of the frames that are there already.

    :param overwrite: throw away what is there.
    :raises OutputError: it holds parts of another drive, or cannot be written.
    """
    if overwrite:
        remove_parts(folder)
    claim(folder, asdict(drive))
    ready: set[int] = set()
    start = 0
    for job in drive_jobs(drive):
        count = job.last - job.first
        if _is_whole(_path(folder, job)):
            ready.update(range(start, start + count))
        start += count
    return frozenset(ready)


def remove_parts(folder: Path) -> None:
    """Take away all parts; a folder without their settings is something else and stays."""
    if (folder / SETTINGS).exists():
        shutil.rmtree(folder, ignore_errors=True)


def drawn_frames(
    drive: Drive, folder: Path, workers: int = 1
) -> Generator[SimulatedFrame, None, None]:
    """
    Yield all frames in their order, drawing the parts that are missing in a claimed folder.

    :param workers: processes; one draws in this process. The frames do not depend on it.
    :raises OutputError: a part cannot be written.
    :raises StepsError: a process died.
    """
    jobs = drive_jobs(drive)
    missing = [job for job in jobs if not _is_whole(_path(folder, job))]
    if workers == 1 or len(missing) < 2:
        wanted = {job.number for job in missing}
        for job in jobs:
            if job.number in wanted:
                _write_part(job, folder)
            yield from read_part(job, folder)
        return
    with _pool(min(workers, len(missing)), missing, folder) as futures:
        for job in jobs:
            if job.number in futures:
                futures[job.number].result()
            yield from read_part(job, folder)


def read_part(job: Job, folder: Path) -> list[SimulatedFrame]:
    """Return the frames of one part."""
    try:
        content = load_arrays(_path(folder, job))
    except _UNREADABLE as error:
        raise OutputError(
            f'{_path(folder, job)} cannot be read ({error}); remove it and go on'
        ) from error
    mounting = draw_mounting(job.clip)
    return [
        SimulatedFrame(
            image=content['image'][index],
            depth=content['depth'][index],
            flow=content['flow'][index],
            instance=content['instance'][index],
            illuminance=content['illuminance'][index],
            camera=mounting.camera,
            world_from_camera=content['world_from_camera'][index],
            stamp_ns=int(content['stamp_ns'][index]),
            mounting=mounting,
            scan=_read_scan(job, content, index, mounting.height),
        )
        for index in range(job.last - job.first)
    ]


def _read_scan(
    job: Job, content: dict[str, NDArray[Any]], index: int, camera_height: float
) -> Scan | None:
    if job.lidar is None:
        return None
    start, end = content['scan_ends'][index : index + 2]
    return Scan(
        content['scan_points'][start:end],
        int(content['scan_stamp_ns'][index]),
        content['scan_body'][index],
        body_from_lidar(job.lidar, camera_height),
    )


def _write_part(job: Job, folder: Path, stop: Event | None = None) -> None:
    """Draw and write one part; nothing is written when ``stop`` is set meanwhile."""
    frames = []
    for frame in job_frames(job):
        if stop is not None and stop.is_set():
            return
        frames.append(frame)
    arrays = {name: np.stack([getattr(frame, name) for frame in frames]) for name in _STACKED}
    scans = [frame.scan for frame in frames if frame.scan is not None]
    if scans:
        arrays['scan_points'] = np.concatenate([scan.points for scan in scans])
        arrays['scan_ends'] = np.cumsum([0] + [len(scan.points) for scan in scans])
        arrays['scan_stamp_ns'] = np.array([scan.stamp_ns for scan in scans])
        arrays['scan_body'] = np.stack([scan.body for scan in scans])
    write_file(_path(folder, job), npz_bytes(arrays))


@contextmanager
def _pool(workers: int, jobs: list[Job], folder: Path) -> Iterator[dict[int, Future[None]]]:
    """Give all jobs to processes; leaving early drops what is not finished."""
    context = multiprocessing.get_context('spawn')
    stop = context.Event()
    pool = ProcessPoolExecutor(workers, context, _remember, (stop, os.getpid()))
    try:
        # Ctrl-C reaches the whole group; the processes end when this one tells them.
        with interrupts_wait():
            futures = {job.number: pool.submit(_work, job, folder) for job in jobs}
        yield futures
    except BrokenProcessPool as error:
        raise StepsError(
            'a process that draws frames died, perhaps for want of memory; the same command goes '
            'on where it was, --workers 1 needs least'
        ) from error
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


class _Process:
    """What a process that draws knows besides its jobs."""

    stop: Event | None = None


def _remember(stop: Event, starter: int) -> None:
    begin(starter)
    _Process.stop = stop


def _work(job: Job, folder: Path) -> None:
    _write_part(job, folder, _Process.stop)


def _path(folder: Path, job: Job) -> Path:
    return folder / f'{job.number:05d}.npz'


def _is_whole(path: Path) -> bool:
    """Say whether a part can be opened; one that a power cut has damaged is drawn again."""
    try:
        return set(_STACKED) <= array_names(path)
    except _UNREADABLE:
        return False
