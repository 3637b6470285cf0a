"""
The network by OpenVINO, on the processor.
"""

from __future__ import annotations

from dataclasses import replace
import io
from pathlib import Path
import sys
from typing import Any

import torch

from steps_ros.core.upsampling import doubled_convolution
from steps_ros.inference.engines.graph import engine_graph
from steps_ros.inference.engines.job import Forward, Job, one_by_one
from steps_ros.inference.engines.packages import absent, installed_version

DEVICE = 'CPU'
BLOB = 'network.blob'
TELEMETRY = 'openvino_telemetry'
# Said always: where nothing is said, processors with units for bfloat16 compute in bfloat16.
PRECISION_HINTS = {'float32': 'f32', 'bfloat16': 'bf16'}
CAPABILITIES = {'bfloat16': 'BF16'}


def missing(job: Job) -> str:
    """Say what is not installed, or which device or number type it does not have."""
    if job.device.type != 'cpu':
        return 'OpenVINO is used on processors only; use device cpu, or another engine'
    lacking = absent('openvino', 'onnx')
    if lacking:
        return f'{lacking} not installed; pip install openvino onnx'
    # Every processor has float32, and asking takes the time to import OpenVINO.
    if job.precision != 'float32' and CAPABILITIES.get(job.precision) not in _capabilities():
        return f'it does not compute in {job.precision} on this processor; use float32'
    return ''


def version() -> str:
    """Return the version of OpenVINO."""
    return installed_version('openvino') or str(_library().__version__)


def build(job: Job, folder: Path | None) -> Forward:
    """Export the network, compile it for this processor, and keep what was compiled."""
    core = _core()
    content = io.BytesIO(graph_of(job))
    compiled = core.compile_model(core.read_model(content), DEVICE, settings(job))
    if folder is not None:
        content = io.BytesIO()
        compiled.export_model(content)
        (folder / BLOB).write_bytes(content.getvalue())
    return _forward(compiled)


def graph_of(job: Job) -> bytes:
    """
    Return the graph in the forms that OpenVINO is good at.

    Decoding without enlarging takes two thirds of the time, in float32 and bfloat16. Its own
    sigmoid takes the sums of the last convolution before they are rounded to bfloat16.
    """
    told = replace(job, precision='float32')
    return engine_graph(told, doubled=doubled_convolution, sigmoid=torch.sigmoid)


def load(job: Job, folder: Path) -> Forward:
    """Take what was compiled."""
    content = io.BytesIO((folder / BLOB).read_bytes())
    return _forward(_core().import_model(content, DEVICE, settings(job)))


def settings(job: Job) -> dict[str, Any]:
    """Return what OpenVINO is told."""
    return {
        'INFERENCE_PRECISION_HINT': PRECISION_HINTS[job.precision],
        'INFERENCE_NUM_THREADS': job.threads,
        'PERFORMANCE_HINT': 'LATENCY',
        # Threads bound to cores stand in the way of the other processes of a small machine.
        'ENABLE_CPU_PINNING': False,
    }


def _forward(compiled: Any) -> Forward:
    request = compiled.create_infer_request()

    def run(given: dict[str, Any]) -> Any:
        request.infer(given, share_inputs=True)
        return request.get_output_tensor(0).data

    return one_by_one(run)


def _capabilities() -> list[str]:
    return list(_core().get_property(DEVICE, 'OPTIMIZATION_CAPABILITIES'))


def _core() -> Any:
    return _library().Core()


def _library() -> Any:
    # Each import would report to Google Analytics; without this it takes a stand-in of its own.
    sys.modules.setdefault(TELEMETRY, None)  # type: ignore[arg-type]
    import openvino

    return openvino
