"""Small ONNX models of depth, made by the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

onnx = pytest.importorskip('onnx', reason='onnx is not installed')
pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
IR_VERSION, OPSET = 8, 17
FREE = ('n', 3, 'h', 'w')


def write_onnx(
    path: Path,
    taken: Sequence[int | str] = FREE,
    given: Sequence[int | str] = ('n', 1, 'h', 'w'),
    half: bool = False,
    weights: Sequence[float] = (1.0, 1.0, 1.0),
) -> Path:
    """Write a model whose ``depth`` is the weighted sum of the three channels of ``image``."""
    number = np.float16 if half else np.float32
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    kernel = numpy_helper.from_array(np.array(weights, number).reshape(1, -1, 1, 1), 'kernel')
    nodes = [helper.make_node('Conv', ['image', 'kernel'], ['sum'])]
    constants = [kernel]
    if len(given) == 4:
        nodes.append(helper.make_node('Identity', ['sum'], ['depth']))
    else:
        constants.append(numpy_helper.from_array(np.array([1]), 'axis'))
        nodes.append(helper.make_node('Squeeze', ['sum', 'axis'], ['depth']))
    inputs = [helper.make_tensor_value_info('image', kind, taken)]
    outputs = [helper.make_tensor_value_info('depth', kind, given)]
    return save_graph(path, nodes, inputs, outputs, constants)


def save_graph(path, nodes, inputs, outputs, constants=()) -> Path:
    """Write a graph of the given parts, which ONNX Runtime of the last years reads."""
    graph = helper.make_graph(nodes, 'depth', inputs, outputs, list(constants))
    opsets = [helper.make_opsetid('', OPSET), helper.make_opsetid('other', 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION), path)
    return path


def describe_onnx(model: Path, /, **settings: object) -> Path:
    """Write the YAML beside a model; its output is depth unless it is said."""
    path = model.with_suffix('.yaml')
    path.write_text(yaml.safe_dump({'model': model.name, 'output': 'depth', **settings}))
    return path
