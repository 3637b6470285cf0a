"""
The depth network as a graph of ONNX, which other engines and other software read.

It is traced by the exporter that torch has had from the beginning (``dynamo=False``): it is there
from torch 2.1 to 2.13 at least and needs no other package, while the newer one needs onnxscript.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
import inspect
import io
from typing import Any
import warnings

import torch
from torch import nn, Tensor

from steps_ros.core.depth_net import Convolving, DepthNet, Forms
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.upsampling import enlarged_convolution
from steps_ros.inference.engines.job import Job

# What TensorRT 8.5 and OpenVINO 2023 know already.
OPSET = 17
BATCH = 'batch'
Sigmoid = Callable[[Tensor], Tensor]
_PARAMETERS = inspect.signature(torch.onnx.export).parameters


class _Disparity(nn.Module):
    """The finest disparity alone."""

    def __init__(self, network: DepthNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, rays: Tensor | None = None) -> Tensor | tuple[Tensor, ...]:
        return self.network.disparity(image, rays)


class _DisparityAndDepth(_Disparity):
    """The finest disparity, and the depth in the network's own unit that it stands for."""

    def forward(self, image: Tensor, rays: Tensor | None = None) -> Tensor | tuple[Tensor, ...]:
        disparity, config = self.network.disparity(image, rays), self.network.config
        return disparity, disparity_to_depth(disparity, config.min_depth, config.max_depth)


def _sigmoid(logit: Tensor) -> Tensor:
    # ONNX Runtime's own is off by 1e-7, which is a lot where depth is far.
    return 1 / (1 + torch.exp(-logit))


def engine_graph(
    job: Job,
    *,
    is_batched: bool = False,
    doubled: Convolving = enlarged_convolution,
    sigmoid: Sigmoid = _sigmoid,
) -> bytes:
    """
    Return the graph that engines are built of: inputs of :attr:`Job.shapes` to ``disparity``.

    :param is_batched: for any number of pictures; False for one at a time.
    :param doubled: the form of the decoder's convolutions of an enlarged image that is fast there.
    :param sigmoid: the form of what makes disparity that is exact there.
    """
    network = _spelled(job.network, doubled, sigmoid)
    if job.dtype != torch.float32:
        # Not every torch can run a network of 16 bits on a processor, as tracing does.
        network = network.to(job.device, job.dtype)
    return _traced(_Disparity(network), job.shapes, ['disparity'], is_batched)


def open_graph(job: Job) -> bytes:
    """Return the graph for other software: to ``disparity`` and ``depth``, any batch, float32."""
    network = _spelled(job.network, enlarged_convolution)
    return _traced(_DisparityAndDepth(network), job.shapes, ['disparity', 'depth'], True)


def _spelled(network: DepthNet, doubled: Convolving, sigmoid: Sigmoid = _sigmoid) -> DepthNet:
    """Return a copy whose decoder is written down for engines, which know narrow convolutions."""
    copied = deepcopy(network)
    copied.decoder.forms = Forms(doubled, _convolved, sigmoid)
    return copied


def _convolved(feature: Tensor, convolution: nn.Conv2d) -> Tensor:
    return convolution(feature)  # type: ignore[no-any-return]


@torch.inference_mode()
def _traced(
    module: _Disparity, shapes: dict[str, tuple[int, ...]], outputs: list[str], is_batched: bool
) -> bytes:
    weight = next(module.parameters())
    given = tuple(weight.new_zeros(shape) for shape in shapes.values())
    names = [*shapes, *outputs]
    told: dict[str, Any] = {
        'input_names': [*shapes],
        'output_names': outputs,
        'opset_version': OPSET,
        'dynamic_axes': {name: {0: BATCH} for name in names} if is_batched else None,
    }
    # Before torch 2.5 there was one exporter, and no argument to choose it by.
    if 'dynamo' in _PARAMETERS:
        told['dynamo'] = False
    content: Any = io.BytesIO()
    with warnings.catch_warnings():
        # It warns that it is not the newest one.
        warnings.simplefilter('ignore')
        torch.onnx.export(module.eval(), given, content, **told)
    return bytes(content.getvalue())
