"""
A camera, the node and a recorder as three processes, over DDS, from the first frame to the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
import shutil
import time
from typing import Any, NamedTuple

from tqdm import tqdm

from steps_ros.errors import OutputError, StepsError
from steps_ros.ros.drain import Drain
from steps_ros.ros.names import IMAGE_TOPIC, INFO_TOPIC, NODE
from steps_ros.ros.processes import isolated_environment, Processes, PROFILE, shipped_file
from steps_ros.ros.status_file import read_status

POLL_S = 0.1
READY_LIMIT_S = 120.0
SETTLE_S = 1.0
PUBLISHER, RECORDER = 'publisher', 'recorder'
LOGS, RECORDING = 'logs', 'recording.mcap'


class Cast(NamedTuple):
    """
    The arguments of the processes that differ from one performance to another.

    ``parameters`` are given to the node, by name; ``publisher`` begins with the input.
    """

    parameters: Sequence[tuple[str, str]]
    publisher: Sequence[str]
    recorder: Sequence[str] = ()


def clear(out: Path, names: Sequence[str], overwrite: bool) -> None:
    """
    Make the folder ready: it exists, with an empty folder of logs, without an earlier result.

    :param names: the files that will be written beside recording and logs.
    :raises OutputError: it is not empty and ``overwrite`` is false, or cannot be written.
    """
    try:
        if out.exists() and any(out.iterdir()) and not overwrite:
            raise OutputError(f'{out} is not empty; choose another folder or give --overwrite')
        for name in (RECORDING, *names):
            (out / name).unlink(missing_ok=True)
        shutil.rmtree(out / LOGS, ignore_errors=True)
        (out / LOGS).mkdir(parents=True)
    except OSError as error:
        raise OutputError(f'{out} cannot be written: {error.strerror}; choose another') from error


def perform(cast: Cast, out: Path) -> None:
    """
    Play all frames through the node into ``out/recording.mcap``.

    What happens, Ctrl-C too, ends the processes and leaves the recording whole.

    :param out: a folder made by :func:`clear`.
    :raises StepsError: a process fails or does not begin its work.
    """
    logs = out / LOGS
    environment = isolated_environment(logs, shipped_file(PROFILE))
    with Processes(logs, environment) as processes:
        stage = _Stage(processes, out)
        stage.start(cast)
        stage.follow()
        for name in (RECORDER, NODE):
            stage.stop(name)


def played(out: Path) -> dict[str, Any]:
    """Return what the publisher reported last; empty where it never began."""
    return read_status(_status_file(out, PUBLISHER))


def _status_file(out: Path, name: str) -> Path:
    return out / LOGS / f'{name}.json'


class _Stage:
    """The running processes and what they report."""

    def __init__(self, processes: Processes, out: Path) -> None:
        self._processes = processes
        self._out = out

    @property
    def _recorded(self) -> dict[str, Any]:
        return read_status(_status_file(self._out, RECORDER))

    @property
    def _played(self) -> dict[str, Any]:
        return played(self._out)

    def start(self, cast: Cast) -> None:
        """Start all three, the publisher when the node is active and everything is connected."""
        self._processes.start(NODE, _node_arguments(cast.parameters))
        recorder = ['--out', str(self._out / RECORDING), *self._status(RECORDER), *cast.recorder]
        self._processes.start(RECORDER, recorder)
        self._wait_until_ready()
        time.sleep(SETTLE_S)
        # The node and the recorder.
        publisher = [*cast.publisher, *self._status(PUBLISHER), '--subscribers', '2']
        self._processes.start(PUBLISHER, publisher)

    def follow(self) -> None:
        """Show the progress until all that was sent has come out or been dropped."""
        with tqdm(total=None, unit=' frames', desc='live', mininterval=0.5) as bar:
            self._watch(lambda: not self._played.get('done'), bar)
            drain = Drain(time.monotonic())
            self._watch(lambda: not self._is_over(drain), bar)

    def stop(self, name: str) -> None:
        """End a process; raises StepsError when it does not end well."""
        code = self._processes.stop(name)
        if code:
            words = self._processes.last_words(name)
            raise StepsError(f'{name} ended with code {code}: {words}')

    def _status(self, name: str) -> list[str]:
        return ['--status', str(_status_file(self._out, name))]

    def _wait_until_ready(self) -> None:
        end_s = time.monotonic() + READY_LIMIT_S
        while not self._recorded.get('ready'):
            self._processes.check()
            problem = self._recorded.get('problem')
            if problem:
                raise StepsError(f'the node did not start: {problem}')
            if time.monotonic() > end_s:
                raise StepsError(
                    f'the node did not become active within {READY_LIMIT_S:.0f} s: '
                    f'{self._processes.last_words(NODE)}; its log is in {self._out / LOGS}'
                )
            time.sleep(POLL_S)

    def _watch(self, goes_on: Callable[[], bool], bar: Any) -> None:
        while goes_on():
            self._check()
            self._show(bar)
            time.sleep(POLL_S)
        self._check()
        self._show(bar)

    def _check(self) -> None:
        problem = self._played.get('problem')
        if problem:
            raise StepsError(problem)
        self._processes.check()
        if self._processes.has_ended(PUBLISHER) and not self._played.get('done'):
            raise StepsError(f'publisher ended early: {self._processes.last_words(PUBLISHER)}')

    def _show(self, bar: Any) -> None:
        bar.total = self._played.get('total')
        bar.set_postfix_str(f'{self._played.get("sent", 0)} sent', refresh=False)
        bar.update(self._recorded.get('frames_out', 0) - bar.n)

    def _is_over(self, drain: Drain) -> bool:
        done = self._recorded['frames_done']
        return drain.is_over(self._played.get('sent', 0), done, time.monotonic())


def _node_arguments(parameters: Sequence[tuple[str, str]]) -> list[str]:
    arguments = ['--ros-args', '-p', 'autostart:=true']
    for own, topic in (('image', IMAGE_TOPIC), ('camera_info', INFO_TOPIC)):
        arguments += ['-r', f'/{NODE}/input/{own}:={topic}']
    for name, value in parameters:
        arguments += ['-p', f'{name}:={value}']
    return arguments
