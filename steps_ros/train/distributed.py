"""
Several processes training one network, as ``torchrun`` starts them.

Each process computes the gradients of its own batch; before every optimiser step they are
averaged, so that all processes stay equal bit for bit. One process alone needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
import os

import torch
from torch import distributed, nn, Tensor

from steps_ros.errors import SettingsError, TrainingError

# The others wait while the first one decodes drives or validates.
PATIENCE = timedelta(days=1)


@dataclass(frozen=True)
class World:
    """
    This process among ``size`` of them; ``rank`` 0 is the one that writes.

    What needs the other processes must be called by all of them, in the same order; it raises
    :class:`TrainingError` where one of them is gone.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_writer(self) -> bool:
        """Say whether this process writes files."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes."""
        gradients = [item.grad for item in parameters if item.grad is not None]
        if self.size == 1 or not gradients:
            return
        mean = self.mean(torch.cat([gradient.reshape(-1) for gradient in gradients]))
        means = torch.split(mean, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, means, strict=True):
            gradient.copy_(part.view_as(gradient))

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of a tensor over the processes."""
        if self.size == 1:
            return values
        total = values.clone()
        with _together():
            distributed.all_reduce(total)
        return total / self.size

    def gathered(self, values: Tensor) -> Tensor:
        """Return the tensors of all processes, of one shape, stacked in the order of ranks."""
        if self.size == 1:
            return values[None]
        of_all = [torch.empty_like(values) for _ in range(self.size)]
        with _together():
            distributed.all_gather(of_all, values.contiguous())
        return torch.stack(of_all)

    def any(self, flag: bool) -> bool:
        """Say whether the flag is set in any process."""
        return bool(self.gathered(torch.tensor(flag, dtype=torch.uint8)).any())

    def of_first(self, number: float) -> float:
        """Return the number that the first process has."""
        return float(self.gathered(torch.tensor(number, dtype=torch.float64))[0])

    def barrier(self) -> None:
        """Wait until all processes have come here."""
        self.any(False)

    def share(self, module: nn.Module) -> None:
        """Give all processes the weights and buffers of the first."""
        if self.size == 1:
            return
        with _together():
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, src=0)


@contextmanager
def joined_world(device: torch.device) -> Iterator[World]:
    """
    Join the processes that ``torchrun`` started; alone where it started none.

    On GPUs, ``cuda`` without a number is from here on the one that belongs to this process.

    :raises SettingsError: the processes cannot find each other.
    """
    if 'RANK' not in os.environ or 'WORLD_SIZE' not in os.environ:
        yield World()
        return
    # Its functions keep the group that is there when they are first imported, as optimisers do;
    # the group's threads would outlive the training and abort the process at its end.
    import_module('torch.distributed.nn')
    on_gpu = device.type == 'cuda'
    if on_gpu and device.index is None:
        torch.cuda.set_device(int(os.environ.get('LOCAL_RANK', '0')))
    try:
        # Flags and numbers stay on the CPU, also where gradients are on GPUs.
        distributed.init_process_group(
            'cpu:gloo,cuda:nccl' if on_gpu else 'gloo', timeout=PATIENCE
        )
    except (RuntimeError, ValueError) as error:
        reason = ' '.join(str(error).split())
        raise SettingsError(
            f'RANK and WORLD_SIZE are set, but the processes cannot meet ({reason}); start with '
            'torchrun, or unset them'
        ) from error
    try:
        yield World(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            'another process of this training is gone; look at what it says, then go on with '
            '--resume'
        ) from error
