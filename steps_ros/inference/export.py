"""
A checkpoint's depth network for other software: one ONNX file, held against torch.
"""

from __future__ import annotations

from dataclasses import asdict
import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from steps_ros import __version__
from steps_ros.core.checkpoint import Checkpoint, load_checkpoint
from steps_ros.errors import CheckpointError, SettingsError
from steps_ros.inference.engines.graph import open_graph, OPSET
from steps_ros.inference.engines.job import Job
from steps_ros.inference.engines.packages import absent
from steps_ros.inference.engines.self_check import (
    Agreement,
    agreement,
    check,
    exact_depth,
    sample_inputs,
)
from steps_ros.inference.file_hash import file_sha256
from steps_ros.inference.network_size import checked, Size
from steps_ros.inference.onnx_session import open_graph_session
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

# Float32 in another order of sums stays well below.
MOST_DIFFERENCE = 1e-4
ENHANCER_NOTE = (
    'the enhancer of this checkpoint is not in the file; with the .yaml that of the default '
    'weights stands in front'
)


class Exported(NamedTuple):
    """
    The content of an ONNX file, and what is to be said of it.

    ``description`` is the YAML that makes a checkpoint of it here (docs/other_models.md), without
    the name of the model; empty where the network sees rays, which no such description gives it.
    """

    content: bytes
    facts: dict[str, str]
    difference: Agreement
    description: str
    note: str


def export_onnx(path: Path, size: Size | None = None) -> Exported:
    """
    Export the depth network of a checkpoint, and compare the result with torch.

    :param size: (height, width) of the pictures; None for the one in the checkpoint.
    :raises CheckpointError: there is no depth network, or the result differs from torch.
    :raises SettingsError: no size is known, it cannot be, or a package is not installed.
    """
    lacking = absent('onnx', 'onnxruntime')
    if lacking:
        raise SettingsError(
            f'export to onnx: {lacking} not installed; pip install onnx onnxruntime'
        )
    checkpoint = load_checkpoint(path)
    job = job_for(path, checkpoint, size)
    facts = _facts(path, job, 'enhanced' if _is_fed_enhanced(checkpoint) else 'as it was taken')
    content = _with_facts(open_graph(job), facts)
    difference = _difference(content, job)
    if not difference.largest <= MOST_DIFFERENCE:
        raise CheckpointError(
            f'{path}: exported depth differs from that of torch by {difference.largest:.2g}, more '
            f'than {MOST_DIFFERENCE:g}, and is not written; try other versions of torch and onnx'
        )
    sees_rays = job.network.config.sees_rays
    return Exported(
        content,
        facts,
        difference,
        '' if sees_rays else _description(path, checkpoint, facts),
        '' if sees_rays or _has_default_enhancer(checkpoint) else ENHANCER_NOTE,
    )


def job_for(path: Path, checkpoint: Checkpoint, size: Size | None) -> Job:
    """
    Return the job of a checkpoint's depth network in float32 on the processor.

    :raises CheckpointError: there is no depth network.
    :raises SettingsError: no size is known, or it cannot be.
    """
    if checkpoint.depth_net is None:
        raise CheckpointError(f'{path} has no depth network; give another checkpoint')
    known = checked(size or checkpoint.input_size)
    if known is None:
        raise SettingsError(f'{path}: no size is stored in it; give --size HxW, such as 320x576')
    network = checkpoint.depth_net.eval()
    return Job(network, known, torch.device('cpu'), 'float32', torch.get_num_threads())


def _is_fed_enhanced(checkpoint: Checkpoint) -> bool:
    return checkpoint.enhancer is not None and checkpoint.sees_enhanced


def _facts(path: Path, job: Job, look: str) -> dict[str, str]:
    beside = '; rays: (B, 2, H, W), x / z and y / z of each pixel' if 'rays' in job.shapes else ''
    return {
        'steps_ros': __version__,
        'torch': torch.__version__,
        'checkpoint': path.name,
        'checkpoint_sha256': file_sha256(path),
        'size': '{}x{}'.format(*job.size),
        'opset': str(OPSET),
        'config': json.dumps(asdict(job.network.config)),
        'inputs': f'image: (B, 3, H, W) float32 RGB from 0 to 1, {look}{beside}',
        'outputs': 'disparity: (B, 1, H, W) from 0 to 1; depth: (B, 1, H, W) in units of relative '
        'depth',
    }


def _with_facts(graph: bytes, facts: dict[str, str]) -> bytes:
    import onnx

    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@torch.inference_mode()
def _difference(content: bytes, job: Job) -> Agreement:
    """Compare both outputs, of one picture and of several; return the larger differences."""
    session = open_graph_session(content, [], job.threads)

    def output(name: str, pictures: Tensor, rays: Tensor | None) -> Tensor:
        given: dict[str, Any] = {'image': pictures.numpy()}
        if rays is not None:
            given['rays'] = rays.numpy()
        return torch.from_numpy(session.run([name], given)[0])

    of_disparity = check(lambda *inputs: output('disparity', *inputs), job)
    inputs = sample_inputs(job)
    of_depth = agreement(output('depth', *inputs), exact_depth(job, *inputs))
    return Agreement(*map(max, of_disparity, of_depth))


def _description(path: Path, checkpoint: Checkpoint, facts: dict[str, str]) -> str:
    enhance = str(_is_fed_enhanced(checkpoint)).lower()
    return (
        f'# The depth network of {path.name} ({facts["checkpoint_sha256"][:12]}), by steps-ros '
        'export.\n'
        f'size: {facts["size"]}\noutput: depth\noutput_name: depth\nenhance: {enhance}\n'
    )


def _has_default_enhancer(checkpoint: Checkpoint) -> bool:
    if checkpoint.enhancer is None or not checkpoint.sees_enhanced:
        return True
    default = load_checkpoint(DEFAULT_WEIGHTS).enhancer
    own, theirs = checkpoint.enhancer.state_dict(), default.state_dict() if default else {}
    return own.keys() == theirs.keys() and all(
        own[name].shape == theirs[name].shape and torch.equal(own[name], theirs[name])
        for name in own
    )
