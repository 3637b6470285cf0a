"""
How fast does training go? Steps of the package against the released step done literally.

``python -m steps_ros.bench.training_step`` takes steps in rounds, one of each kind in each round,
so that whatever else the machine does meets all alike; a product of large matrices in every round
says how fast the machine is at its best. Further steps are timed by part.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
import sys
import tempfile

import torch
from torch.utils.flop_counter import FlopCounterMode

from steps_ros.bench.arguments import count, size
from steps_ros.bench.machine import this_machine
from steps_ros.bench.rounds import take_rounds
from steps_ros.bench.stopwatch import Stopwatch
from steps_ros.bench.subjects import literal_subject, package_subject, PARTS, Subject, Work
from steps_ros.bench.timing import Speed, StepTimes
from steps_ros.core.depth_net import RESNET18, RESNET18_RAYS
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.errors import StepsError
from steps_ros.inference.hardware import resolve_device
from steps_ros.train.presets import RELEASED_STEPS_NUSCENES, STEPS

WARM_UP = 2
PROFILED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the numbers where that was asked for."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        height, width = options.size
        work = Work(height, width, options.batch, resolve_device(options.device))
        speed = measure(work, options.rounds)
        print(speed.text())  # noqa: T201
        if options.json is not None:
            write_file(options.json, json_bytes(speed.plain()))
    except StepsError as error:
        print(f'training_step: {error}', file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.training_step')
    add = parser.add_argument
    add('--size', type=size, default=(192, 320), metavar='HxW', help='192x320')
    add('--batch', type=int, default=2, metavar='N', help='samples a step (default: 2)')
    add('--threads', type=count, default=2, metavar='N', help='threads of torch (default: 2)')
    add('--rounds', type=count, default=10, metavar='N', help='steps of each kind (default: 10)')
    add('--device', default='cpu', help='cpu, cuda or cuda:N (default: cpu)')
    add('--json', type=Path, metavar='FILE', help='write the numbers there')
    return parser


def measure(work: Work, rounds: int) -> Speed:
    """Time the literal step, the package in the released mode, and its preset ``steps``."""
    machine = this_machine(work.device)
    with tempfile.TemporaryDirectory() as folder:
        subjects = tuple(_subjects(work, Path(folder)))
        operations = [_warm_up(subject) for subject in subjects]
        taken = take_rounds([subject.step for subject in subjects], rounds, work.device)
        parts = [_by_part(subject, work) for subject in subjects]
    times = tuple(
        StepTimes(subject.name, seconds, count, by_part)
        for subject, seconds, count, by_part in zip(
            subjects, taken.seconds, operations, parts, strict=True
        )
    )
    return Speed(machine, (work.height, work.width), work.batch, taken.gemm_gflops, times)


def _subjects(work: Work, folder: Path) -> Iterator[Subject]:
    yield literal_subject(work)
    kinds = (
        ('released', RELEASED_STEPS_NUSCENES, RESNET18, True, 'float32'),
        ('first epoch', STEPS, RESNET18, False, 'float32'),
        ('steps', STEPS, RESNET18, True, 'float32'),
        ('steps, bfloat16', STEPS, RESNET18, True, 'bfloat16'),
        ('own network', STEPS, RESNET18_RAYS, True, 'float32'),
    )
    for name, objective, config, remembers, precision in kinds:
        yield package_subject(
            name, objective, work, folder / name, config,
            remembers_teacher=remembers, precision=precision,
        )  # fmt: skip


def _warm_up(subject: Subject) -> float:
    """Take the first steps; return the operations of one, in GFLOP."""
    for _ in range(WARM_UP - 1):
        subject.step()
    with FlopCounterMode(display=False) as counter:
        subject.step()
    return float(counter.get_total_flops()) / 1e9


def _by_part(subject: Subject, work: Work) -> dict[str, float]:
    """Return the mean seconds of each part; ``rest`` is what belongs to none."""
    stopwatch = Stopwatch(work.device)
    with stopwatch.watching(subject.watched):
        whole = sum(subject.step() for _ in range(PROFILED))
    parts = {part: stopwatch.seconds[part] / PROFILED for part in PARTS}
    return {**parts, 'rest': whole / PROFILED - sum(parts.values())}


if __name__ == '__main__':
    sys.exit(main())
