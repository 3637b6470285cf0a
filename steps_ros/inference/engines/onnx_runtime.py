"""
The network by ONNX Runtime, on the processor or on a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from steps_ros.inference.engines.graph import engine_graph
from steps_ros.inference.engines.job import Forward, Job
from steps_ros.inference.engines.packages import absent, installed_version
from steps_ros.inference.onnx_session import CUDA, library, open_graph_session

GRAPH = 'network.onnx'
NUMPY_TYPES = {torch.float32: np.float32, torch.float16: np.float16}
OUTPUT = 'disparity'


def missing(job: Job) -> str:
    """Say what is not installed, or which device or number type it does not have."""
    return missing_with(CUDA, job) if job.device.type == 'cuda' else _missing_on_cpu(job)


def missing_with(provider: str, job: Job) -> str:
    """Say why a provider for GPUs cannot be used."""
    lacking = absent('onnxruntime', 'onnx')
    if lacking:
        return f'{lacking} not installed; pip install onnxruntime-gpu onnx'
    if provider not in library().get_available_providers():
        return f'this ONNX Runtime has no {provider}; install onnxruntime-gpu in its place'
    if job.dtype not in NUMPY_TYPES:
        return f'it does not compute in {job.precision}; use float32 or float16'
    return ''


def _missing_on_cpu(job: Job) -> str:
    lacking = absent('onnxruntime', 'onnx')
    if lacking:
        return f'{lacking} not installed; pip install onnxruntime onnx'
    if job.precision != 'float32':
        return f'on a processor it does not compute in {job.precision}; use float32'
    return ''


def version() -> str:
    """Return the version of ONNX Runtime."""
    return installed_version('onnxruntime-gpu', 'onnxruntime') or str(library().__version__)


def build(job: Job, folder: Path | None) -> Forward:
    """Export the network, keep the graph, and open a session of it."""
    graph = engine_graph(job, is_batched=True)
    if folder is not None:
        (folder / GRAPH).write_bytes(graph)
    return _opened(job, graph)


def load(job: Job, folder: Path) -> Forward:
    """Open a session of the graph that was kept."""
    return _opened(job, (folder / GRAPH).read_bytes())


def _opened(job: Job, graph: bytes) -> Forward:
    if job.device.type == 'cuda':
        return on_gpu(job, open_graph_session(graph, [(CUDA, {'device_id': job.device_index})]))
    session = open_graph_session(graph, [], job.threads)

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        given = {'image': np.ascontiguousarray(pictures.numpy())}
        if rays is not None:
            given['rays'] = np.ascontiguousarray(rays.numpy())
        return torch.from_numpy(session.run([OUTPUT], given)[0])

    return forward


def on_gpu(job: Job, session: Any) -> Forward:
    """Return the engine of a session on a GPU, which reads and writes torch's own memory."""

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        given = {'image': pictures} if rays is None else {'image': pictures, 'rays': rays}
        held = {name: values.to(job.dtype).contiguous() for name, values in given.items()}
        count, _, height, width = pictures.shape
        output = torch.empty((count, 1, height, width), dtype=job.dtype, device=pictures.device)
        bound = bind(session.io_binding(), held, output, job.device_index)
        # The session has a stream of its own, which knows nothing of torch's.
        torch.cuda.current_stream(pictures.device).synchronize()
        session.run_with_iobinding(bound)
        bound.synchronize_outputs()
        return output.float()

    return forward


def bind(binding: Any, given: Mapping[str, Tensor], output: Tensor, index: int) -> Any:
    """Tell a binding where on the GPU of this number inputs and output lie."""
    for name, values in given.items():
        kind = NUMPY_TYPES[values.dtype]
        binding.bind_input(name, 'cuda', index, kind, tuple(values.shape), values.data_ptr())
    kind = NUMPY_TYPES[output.dtype]
    binding.bind_output(OUTPUT, 'cuda', index, kind, tuple(output.shape), output.data_ptr())
    return binding
