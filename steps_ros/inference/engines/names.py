"""
The names of the engines, for those who only name one and do without torch.
"""

from __future__ import annotations

AUTO, TORCH, TORCH_COMPILE, CUDA_GRAPHS = 'auto', 'torch', 'torch-compile', 'cuda-graphs'
ONNXRUNTIME, TENSORRT, OPENVINO = 'onnxruntime', 'tensorrt', 'openvino'
ENGINE_NAMES = (AUTO, TORCH, TORCH_COMPILE, CUDA_GRAPHS, ONNXRUNTIME, TENSORRT, OPENVINO)
