"""
A training in a thread of its own, which can be watched and stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import threading
import time
from typing import Any, NamedTuple

from steps_ros.errors import StepsError
from steps_ros.ros.trainer_progress import (
    DONE,
    FAILED,
    FINISHING,
    Pace,
    Progress,
    READING,
    REJECTED,
    STOPPED,
)
from steps_ros.ros.trainer_settings import (
    asked_job,
    GO_ON,
    in_parameters,
    snapshots,
    TrainerSettings,
)

# As those of `steps-ros train`, but that to stop is what was asked for.
CODES = {DONE: 0, STOPPED: 0, FAILED: 1, REJECTED: 3}


class Hooks(NamedTuple):
    """What a training is given to be heard and stopped by; see :func:`run_job`."""

    tell: Callable[[str], None]
    progress: Callable[[str], Callable[[int, int | None], None]]
    watch: Callable[[str, int], Callable[[Any], bool]]


Train = Callable[[TrainerSettings, Hooks], Any]


def train_as_asked(settings: TrainerSettings, hooks: Hooks) -> Any:
    """
    Train, or go on with a training; return its :class:`steps_ros.train.run.Outcome`.

    :raises StepsError: parameters, drives, weights or places that cannot be.
    """
    job = asked_job(settings)
    # torch takes seconds to import; the node is up and answers before that.
    from steps_ros.inference.hardware import resolve_device
    from steps_ros.train.run import run_job

    device = resolve_device(settings.device)
    return run_job(job, device, hooks.tell, hooks.progress, hooks.watch)


class Stopped(Exception):
    """Raised where a drive is being read, to end that."""


class Work:
    """
    One training; ``progress`` says how far it is, ``code`` how it ended.

    The thread that trains calls ``changed`` when the phase has changed.
    """

    def __init__(
        self,
        settings: TrainerSettings,
        train: Train,
        tell: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.progress = Progress()
        self._settings, self._train, self._tell, self._changed = settings, train, tell, changed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name='training')

    @property
    def is_busy(self) -> bool:
        """Say whether the thread runs."""
        return self._thread.is_alive()

    @property
    def code(self) -> int:
        """The exit code of the process; only when the thread has ended."""
        return CODES[self.progress.phase]

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end: after this step, or this frame of a drive, with everything saved."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the end."""
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        hooks = Hooks(self._told, self._reading, self._watching)
        try:
            self._ended(self._train(self._settings, hooks))
        except Stopped:
            self._enter(replace(self.progress, phase=STOPPED, message='before the first step'))
        except StepsError as error:
            self._failed(in_parameters(str(error)))
        except Exception as error:  # a library may raise anything, and nobody wants its traceback
            self._failed(f'{type(error).__name__}: {error}')

    def _ended(self, outcome: Any) -> None:
        verdict = '' if outcome.verdict is None else outcome.verdict.words
        ended = replace(self.progress, result=outcome.final, verdict=verdict, time_left_s=0.0)
        if outcome.final is None:
            where = f'{ended.phase} at step {ended.step}'
            message = f'{where}; {GO_ON}'
            self._enter(replace(ended, phase=STOPPED, message=message))
        elif outcome.is_accepted:
            message = f'wrote {outcome.final} after {outcome.step} steps'
            self._enter(replace(ended, phase=DONE, message=message))
        else:
            message = f'the result is kept aside as {outcome.final}'
            self._enter(replace(ended, phase=REJECTED, message=message))

    def _failed(self, problem: str) -> None:
        message = ' '.join(problem.split())
        self._enter(replace(self.progress, phase=FAILED, message=message))

    def _enter(self, progress: Progress) -> None:
        self.progress = progress
        self._changed()

    def _told(self, line: str) -> None:
        """Pass a line on; what is read of a drive ends with one."""
        self._tell(line)
        if self.progress.phase == READING:
            self.progress = Progress()

    def _reading(self, drive: str) -> Callable[[int, int | None], None]:
        """Return what is called for every frame of a drive that is read."""
        self._enter(Progress(READING, drive))

        def show(done: int, total: int | None) -> None:
            self.progress = Progress(READING, drive, done, total)
            if self._stopping.is_set():
                raise Stopped

        return show

    def _watching(self, name: str, steps: int) -> Callable[[Any], bool]:
        """Return what is called after every step of a loop, and says whether to end it."""
        snapshot = snapshots(self._settings.folder).get(name)
        pace, begun = Pace(), Progress(name, steps=steps, snapshot=snapshot)
        self._enter(begun)

        def watch(report: Any) -> bool:
            now = replace(
                begun,
                step=report.step,
                losses=report.losses,
                samples_per_s=report.samples_per_s,
                waited_share=report.waited_share,
                time_left_s=pace.left_s(report.step, steps, time.monotonic()),
            )
            self.progress = now
            if report.step >= steps:
                self._enter(replace(now, phase=FINISHING, message=f'{name}, all {steps} steps'))
            return self._stopping.is_set()

        return watch
