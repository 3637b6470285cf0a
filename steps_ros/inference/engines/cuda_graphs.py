"""
The network by torch on a GPU, recorded once as a CUDA graph and played back.

Of a small network most of the time goes into starting its many kernels; a graph starts them all
at once. What is played back is exactly what torch ran while it was recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from steps_ros.inference.engines import torch_eager
from steps_ros.inference.engines.job import Forward, Job

version = torch_eager.version
# Before a recording, so that libraries have chosen their kernels and allocated what they need.
WARM_UP = 3


class Recorded(NamedTuple):
    """A graph, and the memory that it reads and writes."""

    graph: torch.cuda.CUDAGraph
    pictures: Tensor
    rays: Tensor | None
    output: Tensor


def missing(job: Job) -> str:
    """Say that there is no GPU."""
    return '' if job.device.type == 'cuda' else 'CUDA graphs need a GPU; use another engine'


def build(job: Job, folder: Path | None) -> Forward:
    """Record a graph for each number of pictures when it first comes."""
    eager = torch_eager.build(job, folder)
    graphs: dict[int, Recorded] = {}

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        count = len(pictures)
        if count not in graphs:
            graphs[count] = _record(eager, pictures, rays)
        recorded = graphs[count]
        recorded.pictures.copy_(pictures)
        if rays is not None and recorded.rays is not None:
            recorded.rays.copy_(rays)
        recorded.graph.replay()
        # The next picture overwrites what the graph writes to.
        return recorded.output.clone()

    return forward


def load(job: Job, folder: Path) -> Forward:
    """Build it; graphs cannot be kept."""
    return build(job, None)


def _record(eager: Forward, pictures: Tensor, rays: Tensor | None) -> Recorded:
    held, held_rays = pictures.clone(), None if rays is None else rays.clone()
    with torch.cuda.device(pictures.device):
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                eager(held, held_rays)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            output = eager(held, held_rays)
    return Recorded(graph, held, held_rays, output)
