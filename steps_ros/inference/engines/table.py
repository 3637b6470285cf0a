"""
All engines by their names, and which of them ``auto`` looks at where.
"""

from __future__ import annotations

from steps_ros.inference.engines import (
    cuda_graphs,
    onnx_runtime,
    open_vino,
    tensor_rt,
    torch_compile,
    torch_eager,
)
from steps_ros.inference.engines.job import Engine
from steps_ros.inference.engines.names import (
    CUDA_GRAPHS,
    ONNXRUNTIME,
    OPENVINO,
    TENSORRT,
    TORCH,
    TORCH_COMPILE,
)

ENGINES: dict[str, Engine] = {
    TORCH: Engine(torch_eager.missing, torch_eager.version, torch_eager.build, torch_eager.load),
    TORCH_COMPILE: Engine(
        torch_compile.missing, torch_compile.version, torch_compile.build, torch_compile.load
    ),
    CUDA_GRAPHS: Engine(
        cuda_graphs.missing, cuda_graphs.version, cuda_graphs.build, cuda_graphs.load
    ),
    ONNXRUNTIME: Engine(
        onnx_runtime.missing, onnx_runtime.version, onnx_runtime.build, onnx_runtime.load
    ),
    TENSORRT: Engine(tensor_rt.missing, tensor_rt.version, tensor_rt.build, tensor_rt.load),
    OPENVINO: Engine(open_vino.missing, open_vino.version, open_vino.build, open_vino.load),
}
# By kind of device. torch-compile is for those who name it: it compiles for up to minutes.
CANDIDATES = {
    'cpu': (TORCH, ONNXRUNTIME, OPENVINO),
    'cuda': (TORCH, CUDA_GRAPHS, ONNXRUNTIME, TENSORRT),
}
# Takes minutes to build, so that auto takes it only where it was built ahead.
BUILT_AHEAD = frozenset({TENSORRT})
