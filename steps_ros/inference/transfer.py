"""
Arrays to a device and back.

Between a GPU and page-locked memory copies run beside other work and at the bus's full speed. The
memory is torch's, which keeps what was released and hands it out again, so that pictures of one
size after another allocate nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor


def upload(values: NDArray[np.uint8], device: torch.device) -> Tensor:
    """
    Copy an array to a device; on a CPU it is not copied where torch can read it as it is.

    :returns: of the array's shape and type; work given to the device later finds it there.
    """
    held = torch.from_numpy(np.require(values, requirements=('C', 'W')))
    if device.type == 'cpu':
        return held
    return held.pin_memory().to(device, non_blocking=True)


class Download:
    """
    Copies from a device that are all waited for at once, so that none holds the next work up.

    :param device: where the tensors are.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def start(self, values: Tensor) -> NDArray[Any]:
        """Return an array of the tensor's shape and type that is filled when :meth:`wait` ends."""
        if self._device.type == 'cpu':
            return np.ascontiguousarray(values.numpy())
        host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
        return host.copy_(values, non_blocking=True).numpy()

    def wait(self) -> None:
        """Wait until all arrays are filled."""
        if self._device.type != 'cpu':
            torch.cuda.current_stream(self._device).synchronize()
