"""
Numbers of a step that may be believed, or the end of the training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.data.outputs import npz_bytes, write_file
from steps_ros.errors import TrainingError
from steps_ros.train.distributed import World
from steps_ros.train.prefetch import Batches

BAD_BATCH = 'bad_batch_{}.npz'


class Place(NamedTuple):
    """Where a training is: its seed, how many steps it has done, its folder."""

    seed: int
    step: int
    folder: Path


def finite_numbers(
    values: dict[str, Tensor], batch: Batches, place: Place, world: World
) -> dict[str, float]:
    """
    Return the means over all processes as numbers, with a single wait for the device.

    Called before a loss is differentiated: sampling at places that are not numbers is harmless,
    but its gradient writes outside of its memory.

    :param values: scalars by name.
    :param batch: what this process computed them from.
    :param place: its folder gets the batch of the process to blame where something is not finite.
    :raises TrainingError: something is not finite, in whichever process; raised by all of them.
    """
    own = torch.stack([value.detach().float() for value in values.values()])
    of_all = world.gathered(own).cpu()
    broken = ~torch.isfinite(of_all)
    if not broken.any():
        return dict(zip(values, of_all.mean(dim=0).tolist(), strict=True))
    culprit = int(broken.sum(dim=1).argmax())
    index = int(broken[culprit].int().argmax())
    path = place.folder / BAD_BATCH.format(f'{place.step:06d}')
    if world.rank == culprit:
        write_file(path, npz_bytes(_arrays(batch, place)))
    world.barrier()
    raise TrainingError(
        f'{list(values)[index]} of step {place.step} is {of_all[culprit, index].item()}; its '
        f'batch is in {path}: look at it, and try a smaller learning rate or float32'
    )


def _arrays(batch: Batches, place: Place) -> dict[str, NDArray[Any]]:
    """Return all that the step was given, the fields of both batches by name."""
    arrays = {'step': np.array(place.step), 'seed': np.array(place.seed)}
    for name, part in (('night', batch.night), ('day', batch.day)):
        for field, tensor in ({} if part is None else part._asdict()).items():
            if tensor is not None:
                arrays[f'{name}_{field}'] = tensor.numpy()
    return arrays
