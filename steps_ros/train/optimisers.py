"""
Adam whose step walks through memory in order.

The fused step of a CPU copies every gradient that does not lie with its last dimension innermost,
out of the order in which it lies, which takes as long as the step itself. Weights that lie
channels last are therefore handed to it, with all that belongs to them, as views with the channels
as the last dimension: what Adam does to one number does not depend on where it stands.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import optim, Tensor

# Older versions take their other way, on GPUs too.
FUSED_ON_A_CPU = '2.4'


class _InMemoryOrder:
    """
    For optimisers that gather the tensors of a group in lists before their step.

    Where they do so is torch's own business; a version that does it elsewhere copies again, and
    does nothing wrong. A test looks.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        is_fused = torch.__version__ >= FUSED_ON_A_CPU
        super().__init__(*arguments, fused=is_fused, **settings)  # type: ignore[call-arg]

    def _init_group(self, group: dict[str, Any], parameters: list[Tensor], *lists: Any) -> bool:
        found: bool = super()._init_group(group, parameters, *lists)  # type: ignore[misc]
        places = [at for at, parameter in enumerate(parameters) if lies_channels_last(parameter)]
        for tensors in (parameters, *lists):
            # Some versions have a switch among the lists; some lists are empty, some of counts.
            if not isinstance(tensors, list):
                continue
            for at in places:
                if at < len(tensors) and tensors[at].dim() == 4:
                    tensors[at] = tensors[at].permute(0, 2, 3, 1)
        return found


class Adam(_InMemoryOrder, optim.Adam):
    """Adam, fused where torch has it; state and parameters keep their shapes."""


class AdamW(_InMemoryOrder, optim.AdamW):
    """AdamW, fused where torch has it; state and parameters keep their shapes."""


def lies_channels_last(tensor: Tensor) -> bool:
    """Return whether a tensor (N, C, H, W) lies in memory as (N, H, W, C) and not as it says."""
    return (
        tensor.dim() == 4
        and not tensor.is_contiguous()
        and tensor.is_contiguous(memory_format=torch.channels_last)
    )
