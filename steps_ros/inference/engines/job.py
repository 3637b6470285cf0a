"""
What an engine is built for, and what it is once it is built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from steps_ros.core.depth_net import DepthNet
from steps_ros.inference.hardware import PRECISIONS
from steps_ros.inference.network_size import Size

# Pictures (B, 3, H, W) float32 and rays (B, 2, H, W), None where the network sees none, both on
# the device, to the finest disparity (B, 1, H, W) float32 there; B is any number from 1 on.
Forward = Callable[[Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class Job:
    """
    A network, in float32 in the host's memory and for no other use, and how it is to run.

    ``size`` is (height, width), ``precision`` a name of
    :data:`steps_ros.inference.hardware.PRECISIONS`, ``threads`` of the processor.
    """

    network: DepthNet
    size: Size
    device: torch.device
    precision: str
    threads: int

    @property
    def dtype(self) -> torch.dtype:
        """Return the number type of the network, apart from what is said next."""
        return PRECISIONS[self.precision]

    @property
    def edge_dtype(self) -> torch.dtype:
        """
        Return the number type of inputs, of the first and last convolutions, and of normalisation.

        Bfloat16 has 8 binary digits. Most of what they cost is lost there, in weights that all
        pixels share: of the default weights 0.7 % of depth in the median, 0.2 % with these in
        float32.
        """
        return torch.float32 if self.dtype == torch.bfloat16 else self.dtype

    @property
    def device_index(self) -> int:
        """Return the number of the GPU."""
        return self.device.index or 0

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each input for one picture, by its name in a graph."""
        shapes: dict[str, tuple[int, ...]] = {'image': (1, 3, *self.size)}
        if self.network.config.sees_rays:
            shapes['rays'] = (1, 2, *self.size)
        return shapes


class Engine(NamedTuple):
    """
    A way to compute a network.

    ``missing`` says in one line, with the remedy, why it cannot do a job here; nothing where it
    can. ``version`` is of the libraries that its result depends on. ``build`` makes it anew and
    puts what took long into the folder, ``load`` makes it of such a folder; the folder is None
    where nothing can be kept.
    """

    missing: Callable[[Job], str]
    version: Callable[[], str]
    build: Callable[[Job, Path | None], Forward]
    load: Callable[[Job, Path], Forward]


def one_by_one(run: Callable[[dict[str, Any]], Any]) -> Forward:
    """
    Make an engine of what takes one picture at a time, as arrays by name, in the host's memory.

    :param run: to an array (1, 1, H, W) float32, which may be written to by the next call.
    """

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        given = {'image': np.ascontiguousarray(pictures.numpy())}
        if rays is not None:
            given['rays'] = np.ascontiguousarray(rays.numpy())
        parts = [
            torch.from_numpy(run({name: values[[place]] for name, values in given.items()}).copy())
            for place in range(len(pictures))
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    return forward
