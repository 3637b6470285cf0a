"""
The state of a training on disk, so that it can go on bit for bit where it was.

One ``.npz`` file: tensors by name, and everything that is no tensor as JSON. It is written aside,
flushed to the disk and renamed, so that a power cut leaves either the former file or the new one.
NumPy's format, because training from shards needs torch, NumPy and OpenCV alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from steps_ros.data.array_reading import load_arrays
from steps_ros.data.outputs import npz_bytes
from steps_ros.errors import CheckpointError, OutputError
from steps_ros.whole_file import write_whole

DESCRIPTION = '__snapshot__'
FORMAT = 1
# What an optimiser knows of a parameter besides its means.
STEP = 'step'
_DAMAGE = (
    KeyError, IndexError, TypeError, ValueError, OverflowError, OSError, RuntimeError
)  # fmt: skip


@dataclass(frozen=True)
class Snapshot:
    """Tensors and plain values by name, after ``step`` steps."""

    step: int
    tensors: dict[str, Tensor]
    values: dict[str, Any] = field(default_factory=dict)


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """
    Write a snapshot, whole or not at all; what was there stays until the new one is safe.

    :raises OutputError: the disk is full or the place cannot be written.
    """
    description = {'format': FORMAT, 'step': snapshot.step, 'values': snapshot.values}
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in snapshot.tensors.items()}
    content = npz_bytes({DESCRIPTION: np.array(json.dumps(description)), **arrays})
    try:
        write_whole(path, content, lasting=True)
    except OSError as error:
        raise OutputError(
            f'{path}: cannot be written ({error.strerror}); the former snapshot is kept, make '
            'room and go on with --resume'
        ) from error


def read_snapshot(path: Path) -> Snapshot:
    """
    Read a snapshot.

    :raises CheckpointError: missing, damaged, or no snapshot of a training.
    """
    if not path.is_file():
        raise CheckpointError(f'{path}: no such file; give the folder of a training that has one')
    with refused(path):
        arrays = load_arrays(path)
        description = json.loads(str(arrays.pop(DESCRIPTION)))
        if description['format'] != FORMAT:
            raise CheckpointError(
                f'{path}: snapshot format {description["format"]}, this version reads {FORMAT}; '
                'go on with the version that wrote it'
            )
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        return Snapshot(int(description['step']), tensors, description['values'])


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """
    Name the file whose content does not fit what is done with it in the block.

    :raises CheckpointError: in place of what a wrong name, type, shape or number raises.
    """
    try:
        yield
    except _DAMAGE as error:
        reason = ' '.join(str(error).split())
        raise CheckpointError(
            f'{path}: no snapshot of this training ({reason}); start afresh with another --out'
        ) from error


def optimiser_tensors(optimiser: Optimizer, prefix: str) -> dict[str, Tensor]:
    """Return the running means of an optimiser by name, under ``prefix``."""
    return {
        f'{prefix}.{index}.{name}': value
        for index, entry in optimiser.state_dict()['state'].items()
        for name, value in entry.items()
    }


def restore_optimiser(optimiser: Optimizer, prefix: str, tensors: dict[str, Tensor]) -> None:
    """
    Put the running means of :func:`optimiser_tensors` back; rates are the schedule's.

    They get the memory layout of their parameters, without which a fused step mixes them up.

    :raises ValueError: a mean is missing, or of another shape than its parameter.
    """
    parameters = [item for group in optimiser.param_groups for item in group['params']]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in part(tensors, prefix).items():
        index, _, key = name.partition('.')
        parameter = parameters[int(index)]
        if tensor.shape != (() if key == STEP else parameter.shape):
            raise ValueError(f'{prefix}.{name} has shape {tuple(tensor.shape)}')
        if key != STEP:
            tensor = torch.empty_like(parameter).copy_(tensor)
        state.setdefault(int(index), {})[key] = tensor
    if len({frozenset(entry) for entry in state.values()}) > 1:
        raise ValueError(f'{prefix} lacks numbers of some parameters')
    optimiser.load_state_dict(
        {'state': state, 'param_groups': optimiser.state_dict()['param_groups']}
    )


def named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with ``prefix.`` before their names."""
    return {f'{prefix}.{name}': tensor for name, tensor in tensors.items()}


def part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors under ``prefix.``, without it."""
    start = f'{prefix}.'
    return {
        name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }
