"""
The soak: cameras, node and listener in processes of their own, for thousands of frames.

The cameras work in shifts: each is a process that ends, as a driver that is started anew. Between
two shifts, when all frames are done, it is seen what the node holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
import json
from pathlib import Path
import time
from typing import Any

from tqdm import tqdm

from steps_ros.errors import StepsError
from steps_ros.ros.drain import Drain
from steps_ros.ros.names import NODE, SOAK_CAMERA, SOAK_LISTENER
from steps_ros.ros.processes import isolated_environment, Processes, shipped_file
from steps_ros.ros.soak_ledger import Ledger
from steps_ros.ros.soak_plan import CAMERAS, COMPRESSED, shift_ends
from steps_ros.ros.soak_result import AtRest, MemorySample, SoakResult
from steps_ros.ros.stage import clear, LOGS, PROFILE, READY_LIMIT_S
from steps_ros.ros.status_file import read_status
from steps_ros.ros.vitals import segments_in_use, shared_memory_files

RESULT, LEDGER = 'soak.json', 'soak_ledger.json'
POLL_S, SAMPLE_S = 0.2, 1.0
SHIFT_FRAMES, LEAST_SHIFTS = 1000, 2
# Nothing sent and nothing done for so long: something hangs.
STUCK_S = 120.0
# Fast DDS looks for owners of shared memory that are gone once in a while.
REST_S = 10.0


@dataclass(frozen=True)
class SoakSettings:
    """
    How long and how large.

    ``out`` is the folder of logs and result; ``widest`` the width of the widest camera, pixels;
    ``network_size`` HxW, empty for the checkpoint's own.
    """

    out: Path
    frames: int
    widest: int = 640
    network_size: str = ''
    overwrite: bool = False


@dataclass
class _Measured:
    """What is noted while the processes run."""

    memory: list[MemorySample] = field(default_factory=list)
    rests: list[AtRest] = field(default_factory=list)
    rates_hz: list[float] = field(default_factory=list)
    segments: set[str] = field(default_factory=set)
    # What the cameras of each shift say that they did.
    shifts: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0
    period_s: float | None = None
    sampled_s: float = 0.0


def run_soak(settings: SoakSettings) -> SoakResult:
    """
    Let the node work for so many frames and return what was measured, after Ctrl-C too.

    Also written to ``out/soak.json``, with the memory from sample to sample.

    :raises StepsError: the folder cannot be used, or the node does not become active.
    """
    clear(settings.out, (RESULT,), settings.overwrite)
    logs, noted, begun_s = settings.out / LOGS, _Measured(), time.monotonic()
    before = shared_memory_files()
    found = SoakResult(0, (), {})
    with Processes(logs, isolated_environment(logs, shipped_file(PROFILE))) as processes:
        soak = _Soak(processes, settings, noted)
        soak.start()
        try:
            soak.work()
        except KeyboardInterrupt:
            found = replace(found, is_interrupted=True)
            soak.stop_cameras()
        except StepsError as error:
            found = replace(found, problem=str(error))
        found = replace(found, **soak.counts())
    ledger = Ledger.read(read_status(logs / LEDGER))
    result = replace(
        found,
        widest=settings.widest,
        ends=ledger.ends(found.frames),
        published=ledger.depths,
        named=ledger.dropped,
        strangers=ledger.strangers(found.frames),
        restarts=max(0, len(noted.shifts) - 1),
        pauses=sum(shift.get('pauses', 0) for shift in noted.shifts),
        hurried_ticks=sum(shift.get('hurried', 0) for shift in noted.shifts),
        memory=noted.memory,
        rests=noted.rests,
        rates_hz=noted.rates_hz,
        # Ports of Fast DDS have numbers: other processes of the machine may have the same ones
        # open, and one that was killed has left them for the next to use.
        left_behind=sorted((noted.segments & shared_memory_files()) - before - segments_in_use()),
        duration_s=time.monotonic() - begun_s,
    )
    values = {**result.plain(), 'memory': result.memory}
    (settings.out / RESULT).write_text(json.dumps(values), encoding='utf-8')
    return result


class _Soak:
    """The running processes, and what they report."""

    def __init__(self, processes: Processes, settings: SoakSettings, noted: _Measured) -> None:
        self._processes = processes
        self._settings = settings
        self._noted = noted
        self._logs = settings.out / LOGS

    def start(self) -> None:
        """Start node and listener, and wait until the node is active."""
        self._processes.start(NODE, _node_arguments(self._settings.network_size))
        told = ['--status', str(self._status(SOAK_LISTENER)), '--ledger', str(self._logs / LEDGER)]
        self._processes.start(SOAK_LISTENER, told)
        end_s = time.monotonic() + READY_LIMIT_S
        while not self._heard.get('ready'):
            self._processes.check()
            if self._heard.get('problem'):
                raise StepsError(f'the node did not start: {self._heard["problem"]}')
            if time.monotonic() > end_s:
                words = self._processes.last_words(NODE)
                raise StepsError(f'the node is not active after {READY_LIMIT_S:.0f} s: {words}')
            time.sleep(POLL_S)

    def work(self) -> None:
        """Let the cameras work, shift after shift."""
        frames = self._settings.frames
        shifts = max(LEAST_SHIFTS, frames // SHIFT_FRAMES)
        with tqdm(total=frames, unit=' frames', desc='soak', mininterval=0.5) as bar:
            for first, last in pairwise(shift_ends(frames, shifts)):
                self._shift(first, last, bar)
                self._noted.rests.append(self._at_rest())

    def stop_cameras(self) -> None:
        """End the cameras early and let the node finish what they sent."""
        self._processes.stop(SOAK_CAMERA)
        self._note_cameras()
        self._settle(None)

    def counts(self) -> dict[str, Any]:
        """Return what became of the frames, by the names of :class:`SoakResult`."""
        names = ('dropped', 'node_received', 'node_published', 'clock_jumps', 'engine')
        return {'frames': self._noted.sent, **{name: self._heard[name] for name in names}}

    @property
    def _heard(self) -> dict[str, Any]:
        return read_status(self._status(SOAK_LISTENER))

    def _status(self, name: str) -> Path:
        return self._logs / f'{name}.json'

    def _shift(self, first: int, last: int, bar: Any) -> None:
        status, period_s = self._status(SOAK_CAMERA), self._noted.period_s
        status.unlink(missing_ok=True)
        arguments = ['--first', str(first), '--last', str(last), '--status', str(status)]
        arguments += ['--widest', str(self._settings.widest)]
        if period_s is not None:
            arguments += ['--period-s', str(period_s)]
        self._processes.start(SOAK_CAMERA, arguments)
        self._noted.shifts.append({})
        moved_s, before = time.monotonic(), -1
        while not self._note_cameras():
            self._look(bar)
            if self._noted.sent != before:
                moved_s, before = time.monotonic(), self._noted.sent
            if time.monotonic() - moved_s > STUCK_S:
                raise StepsError(f'the cameras hang after frame {before}; see {self._logs}')
        self._settle(bar)
        self._processes.stop(SOAK_CAMERA)
        self._noted.rates_hz.append(len(CAMERAS) / (self._noted.period_s or 1.0))

    def _note_cameras(self) -> bool:
        """Take in what the cameras say; return whether they are done."""
        said = read_status(self._status(SOAK_CAMERA))
        if said.get('problem'):
            raise StepsError(said['problem'])
        self._noted.shifts[-1] = said
        self._noted.sent = said.get('sent', self._noted.sent)
        self._noted.period_s = said.get('period_s', self._noted.period_s)
        return bool(said.get('done', False))

    def _settle(self, bar: Any) -> None:
        """Wait until every frame is done, or nothing happens any more."""
        drain = Drain(time.monotonic())
        while not drain.is_over(self._noted.sent, self._heard['done'], time.monotonic()):
            self._look(bar)

    def _look(self, bar: Any) -> None:
        """Check the processes, note the memory, show the progress, and wait a little."""
        self._processes.check()
        now_s, done = time.monotonic(), self._heard['done']
        if now_s - self._noted.sampled_s >= SAMPLE_S:
            self._noted.sampled_s = now_s
            held = self._processes.vitals(NODE)
            self._noted.memory.append(MemorySample(done, round(held.rss_mb, 1)))
            self._noted.segments |= held.segments
            if bar is not None:
                bar.set_postfix_str(f'{held.rss_mb:.0f} MB', refresh=False)
        if bar is not None:
            bar.update(done - bar.n)
        time.sleep(POLL_S)

    def _at_rest(self) -> AtRest:
        """Return what the node holds when it has let go of the cameras."""
        end_s = time.monotonic() + REST_S
        held = self._processes.vitals(NODE)
        while held.gone and time.monotonic() < end_s:
            time.sleep(POLL_S)
            held = self._processes.vitals(NODE)
        return AtRest(self._noted.sent, held.threads, held.descriptors, len(held.gone))


def _node_arguments(network_size: str) -> list[str]:
    given = [
        'autostart:=true',
        'use_sim_time:=true',
        f'cameras:=[{", ".join(camera.name for camera in CAMERAS)}]',
    ]
    given += [
        f'{camera.name}.image_transport:=compressed'
        for camera in CAMERAS
        if camera.transport == COMPRESSED
    ]
    if network_size:
        given.append(f'network_size:={network_size}')
    # At this level the node names each frame that it drops.
    level = ['--log-level', f'{NODE}:=debug']
    return ['--ros-args', *level, *(word for parameter in given for word in ('-p', parameter))]
