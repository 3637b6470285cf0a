"""
Nodes that get SIGTERM in one phase after the other, then trainers; prints how each ended.

The one argument is the folder that the trainers write to.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import rclpy
import torch

from steps_ros.ros import trainer
from steps_ros.ros.model import Model
from steps_ros.ros.night_depth import NightDepth
from steps_ros.ros.spin import run_node
from steps_ros.ros.trainer import Trainer
from steps_ros.train.run import Outcome
from steps_ros.train.snapshot import Snapshot, write_snapshot
from steps_ros.train.trainer import LAST, SNAPSHOTS, StepReport

NODE_PHASES = (
    'starting', 'made', 'configuring', 'activating', 'active', 'working', 'deactivating',
    'cleaning up', 'shutting down',
)  # fmt: skip
# Of the first; each node is alone in its own. Those of other tests begin at 20.
DOMAIN = 10


def die() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    # What is under way goes on for a moment.
    time.sleep(0.1)


class Dying(NightDepth):
    """A node that ends itself in a phase."""

    def __init__(self, phase: str) -> None:
        self._phase = phase
        super().__init__(self._loaded)
        self._die_in('made')

    def _loaded(self, settings) -> Model:
        self._die_in('configuring')
        return Model(lambda requests: [], 'fake', 'cpu', 'float32', '', 'none', True)

    def on_activate(self, state):
        result = super().on_activate(state)
        self._die_in('activating')
        if self._phase == 'active':
            self.create_timer(0.05, die)
        if self._phase == 'working':
            self._running.worker._work = lambda items: die()
            self._running.worker.offer('', None)
        if self._phase in ('deactivating', 'cleaning up'):
            self.create_timer(0.05, self.trigger_deactivate)
        if self._phase == 'cleaning up':
            self.create_timer(0.1, self.trigger_cleanup)
        if self._phase == 'shutting down':
            self.create_timer(0.05, self.trigger_shutdown)
        return result

    def on_deactivate(self, state):
        self._die_in('deactivating')
        return super().on_deactivate(state)

    def on_cleanup(self, state):
        self._die_in('cleaning up')
        return super().on_cleanup(state)

    def on_shutdown(self, state):
        self._die_in('shutting down')
        return super().on_shutdown(state)

    def _die_in(self, phase: str) -> None:
        if self._phase == phase:
            die()


def read(settings, hooks) -> None:
    """Read a drive without end, and be told to end."""
    show = hooks.progress('night.mcap')
    die()
    for frame in range(1000):
        show(frame, 1000)
        time.sleep(0.01)


def save(settings, hooks) -> Outcome:
    """Save after every step, and be told to end each time before the file has its name."""
    watch, flush = hooks.watch('train', 1000), os.fsync

    def flush_and_die(descriptor: int) -> None:
        flush(descriptor)
        die()

    os.fsync = flush_and_die
    for step in range(1, 1000):
        made = Snapshot(step, {'weight': torch.full((1000,), float(step))})
        write_snapshot(made, settings.folder / SNAPSHOTS / LAST)
        if watch(StepReport(step, {'total': 1.0}, 1.0, 0.0)):
            return Outcome(step, None)
    raise AssertionError('nobody heard')


TRAINER_PHASES = {'reading': read, 'saving': save}


def end_of_node(phase: str) -> int:
    if phase == 'starting':
        start = rclpy.init
        rclpy.init = lambda args: (die(), start(args=args))
    words = ['night_depth', '--ros-args', '-p', 'autostart:=true']
    return run_node('night_depth', lambda: Dying(phase), words)


def end_of_trainer(phase: str) -> int:
    trainer.Trainer = lambda: Trainer(TRAINER_PHASES[phase])
    words = ['-p', 'bag:=night.mcap', '-p', f'out:={sys.argv[1]}']
    return trainer.main(['trainer', '--ros-args', *words])


def tell(phase: str, code: int) -> None:
    sys.stdout.write(json.dumps([phase, code]) + '\n')
    sys.stdout.flush()


def main() -> None:
    children = {}
    for number, phase in enumerate(NODE_PHASES):
        # Each in a process of its own, which has all modules already, and all at once: a node
        # that ends waits more than it works.
        children[phase] = os.fork()
        if not children[phase]:
            os.environ['ROS_DOMAIN_ID'] = str(DOMAIN + number)
            sys.exit(end_of_node(phase))
    for phase, child in children.items():
        tell(phase, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    for phase in TRAINER_PHASES:
        tell(phase, end_of_trainer(phase))


if __name__ == '__main__':
    main()
