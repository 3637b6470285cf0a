"""Nodes that get SIGTERM in one phase after the other, then a trainer; prints how each ended."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from steps_ros.ros import trainer
from steps_ros.ros.model import Model
from steps_ros.ros.night_depth import NightDepth
from steps_ros.ros.spin import run_node

NODE_PHASES = ('made', 'configuring', 'activating', 'active', 'working', 'deactivating')


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
        if self._phase == 'deactivating':
            self.create_timer(0.05, self.trigger_deactivate)
        return result

    def on_deactivate(self, state):
        self._die_in('deactivating')
        return super().on_deactivate(state)

    def _die_in(self, phase: str) -> None:
        if self._phase == phase:
            die()


def train(settings, hooks) -> None:
    """Read a drive without end, and be told to end."""
    show = hooks.progress('night.mcap')
    die()
    for frame in range(1000):
        show(frame, 1000)


def end_of_node(phase: str) -> int:
    words = ['night_depth', '--ros-args', '-p', 'autostart:=true']
    return run_node('night_depth', lambda: Dying(phase), words)


def end_of_trainer() -> int:
    whole = trainer.Trainer
    trainer.Trainer = lambda: whole(train)
    return trainer.main(
        ['trainer', '--ros-args', '-p', 'bag:=night.mcap', '-p', 'out:=/nowhere/out']
    )


def main() -> None:
    for phase in NODE_PHASES:
        # Each in a process of its own, which has all modules already.
        child = os.fork()
        if not child:
            sys.exit(end_of_node(phase))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(json.dumps([phase, code]) + '\n')
        sys.stdout.flush()
    sys.exit(end_of_trainer())


if __name__ == '__main__':
    main()
