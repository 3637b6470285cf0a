"""
The network compiled by torch, which needs a C++ compiler, or Triton on a GPU, and up to minutes.

What was compiled is kept by torch, in a cache of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
import shutil

import torch
from torch import Tensor

from steps_ros.inference.engines import torch_eager
from steps_ros.inference.engines.job import Forward, Job
from steps_ros.inference.engines.packages import absent

version = torch_eager.version


def missing(job: Job) -> str:
    """Say that there is nothing to compile with."""
    if job.device.type == 'cuda':
        return 'triton is not installed; pip install triton' if absent('triton') else ''
    # As torch chooses it.
    compiler = os.environ.get('CXX') or 'g++'
    if shutil.which(compiler) is None:
        return f'there is no C++ compiler {compiler}; install one, or set CXX to its name'
    return ''


def build(job: Job, folder: Path | None) -> Forward:
    """Compile for the size of the job; another number of pictures is compiled when it comes."""
    compiled = torch.compile(torch_eager.forward_of(job))

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        # Outside of inference mode compiled code is one and the same for every caller.
        found: Tensor = compiled(pictures, rays)
        return found

    return forward


def load(job: Job, folder: Path) -> Forward:
    """Build it, with what torch has kept."""
    return build(job, None)
