"""
The whole benchmark: its parts by name, one after the other, each with rounds of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
import importlib.util
import logging
from statistics import median
from typing import NamedTuple

import torch

from steps_ros.bench.large_parts import (
    measure_cameras_of_node,
    measure_nodes,
    measure_predictor,
    NODE_SIZES,
)
from steps_ros.bench.machine import gemm_rate, this_machine
from steps_ros.bench.results import Part, Results
from steps_ros.bench.small_parts import (
    CAMERAS,
    measure_bags,
    measure_cameras,
    measure_training,
)
from steps_ros.bench.starting import measure_memory, measure_starting
from steps_ros.bench.targets import MEMORY_FRAMES
from steps_ros.errors import StepsError

CPU = torch.device('cpu')
CEILINGS = {'float32': torch.float32, 'bfloat16': torch.bfloat16}
CEILING_ROUNDS = 3
NODE, MEMORY = 'node', 'memory'
NEED_ROS = (NODE, MEMORY)

logger = logging.getLogger(__name__)


class Effort(NamedTuple):
    """
    How much is measured.

    ``size`` is (height, width) of the pictures that the predictor and several cameras give to the
    networks, ``memory`` the number of frames through the node; the others are numbers of rounds.
    """

    size: tuple[int, int] = (320, 576)
    rounds: int = 15
    frames: int = 40
    starts: int = 5
    memory: int = MEMORY_FRAMES


QUICK = Effort(rounds=3, frames=5, starts=1, memory=100)

PARTS: dict[str, Callable[[Effort], Part]] = {
    'predictor': lambda effort: measure_predictor(effort.size, effort.rounds),
    'cameras': lambda effort: _measure_all_cameras(effort),
    'start': lambda effort: measure_starting(effort.starts),
    NODE: lambda effort: measure_nodes(NODE_SIZES, effort.frames),
    MEMORY: lambda effort: measure_memory(effort.memory),
    'bag': lambda effort: measure_bags(effort.rounds),
    'training': lambda effort: measure_training(effort.starts),
}


def run_suite(effort: Effort, names: Collection[str] = tuple(PARTS)) -> Results:
    """
    Measure the parts of these names.

    :raises StepsError: a part is asked for alone and fails; one of several is skipped then.
    """
    machine, parts, skipped = this_machine(CPU), [], {}
    rates: dict[str, list[float]] = {name: [] for name in CEILINGS}
    for name, measure in PARTS.items():
        if name not in names:
            continue
        if name in NEED_ROS and not _has_ros():
            skipped[name] = 'rclpy is not installed; source a ROS installation'
            continue
        logger.info('measuring: %s', name)
        for kind, dtype in CEILINGS.items():
            rates[kind].append(gemm_rate(CPU, dtype))
        try:
            parts.append(measure(effort))
        except StepsError as error:
            if len(names) == 1:
                raise
            logger.warning('%s: %s', name, error)
            skipped[name] = str(error)
    ceiling = {kind: median(found) for kind, found in rates.items() if found}
    return Results(machine, ceiling, parts, skipped)


def _has_ros() -> bool:
    return importlib.util.find_spec('rclpy') is not None


def _measure_all_cameras(effort: Effort) -> Part:
    """Take pictures in a batch, and where there is ROS, cameras of a node."""
    batch = measure_cameras(effort.size, effort.rounds)
    return (
        batch.with_part(measure_cameras_of_node(CAMERAS, effort.frames)) if _has_ros() else batch
    )
