"""
The network compiled by torch, which needs a C++ compiler, or Triton on a GPU, and up to minutes.

What was compiled is kept by torch, in a cache of its own.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from steps_ros.inference.engines import torch_eager
from steps_ros.inference.engines.job import Forward, Job

missing, version = torch_eager.missing, torch_eager.version


def build(job: Job, folder: Path | None) -> Forward:
    """Compile for the size of the job; another number of pictures is compiled when it comes."""
    compiled = torch.compile(torch_eager.forward_of(torch_eager.on_device(job), job.dtype))

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        # Outside of inference mode compiled code is one and the same for every caller.
        found: Tensor = compiled(pictures, rays)
        return found

    return forward


def load(job: Job, folder: Path) -> Forward:
    """Build it, with what torch has kept."""
    return build(job, None)
