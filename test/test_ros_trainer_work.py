"""A training in its thread: how it ends, and that it can be stopped."""

from __future__ import annotations

from pathlib import Path
import threading
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from steps_ros.errors import StepsError
from steps_ros.ros.trainer_settings import TrainerSettings
from steps_ros.ros.trainer_work import Hooks, Work
from steps_ros.train.run import Outcome
from steps_ros.train.trainer import StepReport

pytestmark = pytest.mark.timeout(30)
FINAL = Path('out/final.safetensors')


def outcome(final: Path | None = FINAL, verdict=None, is_accepted: bool = True) -> SimpleNamespace:
    """Return what a training may come to."""
    words = None if verdict is None else SimpleNamespace(words=verdict)
    return SimpleNamespace(step=2, final=final, verdict=words, is_accepted=is_accepted)


def report(step: int) -> StepReport:
    return StepReport(step, {'total': 0.5}, 3.0, 0.0)


def ended(train) -> tuple[Work, list[str], list[str]]:
    """Return the work when it is over, what it told, and its phases."""
    told, phases = [], []
    work = Work(
        TrainerSettings(out='out'), train, told.append, lambda: phases.append(work.progress.phase)
    )
    work.start()
    work.join()
    return work, told, phases


def two_steps(settings: TrainerSettings, hooks: Hooks) -> SimpleNamespace:
    """Read a drive of three frames and train two steps."""
    show = hooks.progress('night.mcap')
    for done in range(3):
        show(done + 1, 3)
    hooks.tell('3 frames')
    watch = hooks.watch('train', 2)
    assert [watch(report(step)) for step in (1, 2)] == [False, False]
    return outcome(verdict='better than before')


def test_every_phase_is_told_in_its_turn():
    work, told, phases = ended(two_steps)
    assert phases == ['reading', 'train', 'finishing', 'done']
    assert told == ['3 frames']
    progress = work.progress
    assert (work.code, progress.step, progress.steps, progress.losses) == (0, 2, 2, {'total': 0.5})
    assert (progress.result, progress.verdict) == (FINAL, 'better than before')
    assert progress.words == f'done: wrote {FINAL} after 2 steps'


def test_what_follows_the_reading_is_not_called_so():
    def train(settings, hooks):
        hooks.progress('night.mcap')(3, 3)
        hooks.tell('3 frames')
        raise StepsError(work.progress.words)

    work = Work(TrainerSettings(), train, lambda _: None, lambda: None)
    work.start()
    work.join()
    assert work.progress.words == 'failed: preparing'


def test_an_outcome_of_the_training_is_understood():
    work, *_ = ended(lambda *_: Outcome(2, FINAL))
    assert (work.code, work.progress.verdict) == (0, '')


def test_what_is_rejected_is_code_3():
    work, *_ = ended(lambda *_: outcome(Path('rejected'), 'worse', is_accepted=False))
    assert (work.code, work.progress.phase, work.progress.verdict) == (3, 'rejected', 'worse')


@pytest.mark.parametrize(
    ('error', 'words'),
    [
        (StepsError('no drive; give --bag'), 'failed: no drive; give parameter bag'),
        (RuntimeError('out of\nmemory'), 'failed: RuntimeError: out of memory'),
    ],
)
def test_a_failure_is_one_line_and_code_1(error, words):
    def train(*_):
        raise error

    work, *_ = ended(train)
    assert (work.code, work.progress.words) == (1, words)


def stopped_while(train) -> Work:
    """Return the work that was told to stop after it said to be ready."""
    ready = threading.Event()
    work = Work(
        TrainerSettings(out='out'),
        lambda _, hooks: train(hooks, ready),
        lambda _: None,
        lambda: None,
    )
    work.start()
    assert ready.wait(10)
    work.stop()
    work.join()
    return work


def test_a_loop_ends_after_the_step_with_code_0():
    def train(hooks, ready):
        watch, step = hooks.watch('train', 10**9), 1
        while not watch(report(step)):
            ready.set()
            step += 1
        return outcome(final=None)

    work = stopped_while(train)
    assert work.code == 0
    assert 'train at step' in work.progress.words
    assert 'start again with the same parameters' in work.progress.words


def test_reading_ends_after_the_frame_with_code_0():
    def train(hooks, ready):
        show, done = hooks.progress('night.mcap'), 0
        while True:
            ready.set()
            done += 1
            show(done, None)

    work = stopped_while(train)
    assert (work.code, work.progress.words) == (0, 'stopped: before the first step')
