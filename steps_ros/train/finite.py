"""
Numbers of a step that may be believed, or the end of the training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.data.outputs import npz_bytes, write_file
from steps_ros.errors import TrainingError
from steps_ros.train.distributed import World
from steps_ros.train.prefetch import Batches


def finite_numbers(
    values: dict[str, Tensor], step: int, batch: Batches, folder: Path, world: World
) -> dict[str, float]:
    """
    Return the means over all processes as numbers, with a single wait for the device.

    Called before a loss is differentiated: sampling at places that are not numbers is harmless,
    but its gradient writes outside of its memory.

    :param values: scalars by name.
    :param batch: what this process computed them from.
    :param folder: gets the batch of the process to blame where something is not finite.
    :raises TrainingError: something is not finite, in whichever process; raised by all of them.
    """
    own = torch.stack([value.detach().float() for value in values.values()])
    of_all = world.gathered(own).cpu()
    broken = ~torch.isfinite(of_all)
    if not broken.any():
        return dict(zip(values, of_all.mean(dim=0).tolist(), strict=True))
    culprit = int(broken.sum(dim=1).argmax())
    index = int(broken[culprit].int().argmax())
    path = folder / f'bad_batch_{step:06d}.npz'
    if world.rank == culprit:
        write_file(path, npz_bytes(_frames(batch)))
    world.barrier()
    raise TrainingError(
        f'{list(values)[index]} of step {step} is {of_all[culprit, index].item()}; its frames are '
        f'in {path}: look at them, and try a smaller learning rate or float32'
    )


def _frames(batch: Batches) -> dict[str, NDArray[Any]]:
    frames = {'night': batch.night.frames.numpy()}
    if batch.day is not None:
        frames['day'] = batch.day.frames.numpy()
    return frames
