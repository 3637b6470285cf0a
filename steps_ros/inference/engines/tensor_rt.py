"""
The network by TensorRT, through ONNX Runtime.

Building takes minutes, on a Jetson many. ONNX Runtime keeps what it has built in the folder that
it is told, and knows it again there.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from steps_ros.errors import SettingsError
from steps_ros.inference.engines import onnx_runtime
from steps_ros.inference.engines.graph import engine_graph
from steps_ros.inference.engines.job import Forward, Job
from steps_ros.inference.engines.onnx_runtime import GRAPH
from steps_ros.inference.engines.packages import installed_version
from steps_ros.inference.onnx_session import CUDA, open_graph_session

TENSORRT = 'TensorrtExecutionProvider'
PACKAGES = ('tensorrt', 'tensorrt-cu13', 'tensorrt-cu12', 'tensorrt-cu11')


def missing(job: Job) -> str:
    """Say that there is no GPU, no TensorRT, or not this number type."""
    if job.device.type != 'cuda':
        return 'TensorRT needs a GPU; use another engine'
    return onnx_runtime.missing_with(TENSORRT, job)


def version() -> str:
    """Return the versions of ONNX Runtime, CUDA, and TensorRT, of its package or its library."""
    own = installed_version(*PACKAGES) or _library_version()
    return f'{onnx_runtime.version()}, CUDA {torch.version.cuda}, TensorRT {own}'


def _library_version() -> str:
    """Return what the library of the system says of itself, such as 100300; nothing without."""
    found = ctypes.util.find_library('nvinfer')
    try:
        return str(ctypes.CDLL(found).getInferLibVersion()) if found else ''
    except (OSError, AttributeError):
        return ''


def build(job: Job, folder: Path | None) -> Forward:
    """
    Export the network and let TensorRT build its engine.

    :raises SettingsError: TensorRT left the network to others.
    """
    graph = engine_graph(_told_in_float32(job))
    if folder is not None:
        (folder / GRAPH).write_bytes(graph)
    forward = _opened(job, graph, folder)
    if folder is not None and not any(folder.glob('*.engine')):
        raise SettingsError(
            'TensorRT built nothing of the network; another version of it may, or take the engine '
            'cuda-graphs'
        )
    return forward


def load(job: Job, folder: Path) -> Forward:
    """Open a session with the engine that was kept."""
    return _opened(job, (folder / GRAPH).read_bytes(), folder)


def options(job: Job, folder: Path | None) -> dict[str, str]:
    """Return what TensorRT is told; without a folder it builds at every start."""
    told = {
        'device_id': str(job.device_index),
        'trt_fp16_enable': str(job.precision == 'float16'),
    }
    if folder is None:
        return told
    kept = {
        'trt_engine_cache_enable': 'True',
        'trt_engine_cache_path': str(folder),
        'trt_timing_cache_enable': 'True',
    }
    return told | kept


def _told_in_float32(job: Job) -> Job:
    # TensorRT rounds by itself, and leaves in float32 what would suffer.
    return replace(job, precision='float32')


def _opened(job: Job, graph: bytes, folder: Path | None) -> Forward:
    providers: list[tuple[str, dict[str, Any]]] = [
        (TENSORRT, options(job, folder)),
        (CUDA, {'device_id': job.device_index}),
    ]
    one = onnx_runtime.on_gpu(_told_in_float32(job), open_graph_session(graph, providers))

    def forward(pictures: Tensor, rays: Tensor | None) -> Tensor:
        # One at a time: an engine for any number of pictures is slower, and is built for longer.
        parts = [
            one(pictures[[place]], None if rays is None else rays[[place]])
            for place in range(len(pictures))
        ]
        return torch.cat(parts)

    return forward
