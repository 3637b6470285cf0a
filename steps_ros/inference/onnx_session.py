"""
Sessions of ONNX Runtime: on which device, with how many threads, and why not.

No library of custom operators is ever loaded, so that a model is data and not code.
"""

from __future__ import annotations

import logging
from pathlib import Path
import re
from typing import Any

import torch

from steps_ros.errors import CheckpointError, SettingsError
from steps_ros.inference.hardware import resolve_device

CUDA, CPU = 'CUDAExecutionProvider', 'CPUExecutionProvider'
FATAL = 4
# What ONNX Runtime puts before the reason.
PREAMBLE = re.compile(r'^\[ONNXRuntimeError\] : \d+ : \w+ : (Load model from .*? failed:)?')

logger = logging.getLogger(__name__)


def session_device(name: str) -> torch.device:
    """
    Return the device of a name; ``auto`` is a GPU that torch and ONNX Runtime both can use.

    :raises SettingsError: ONNX Runtime is not installed, or one of the two cannot use the device.
    """
    providers = library().get_available_providers()
    device = resolve_device(name)
    if device.type == 'cpu' or CUDA in providers:
        return device
    remedy = 'install onnxruntime-gpu in place of onnxruntime'
    if name == 'auto':
        logger.warning('this ONNX Runtime has no CUDA: depth on the CPU; %s', remedy)
        return torch.device('cpu')
    raise SettingsError(f'device {name!r}: this ONNX Runtime has no {CUDA}; {remedy}, or use cpu')


def open_session(path: Path, device: torch.device) -> Any:
    """
    Load a model.

    :returns: an ``onnxruntime.InferenceSession``.
    :raises CheckpointError: the file is missing, is no model, or lacks its weights.
    :raises SettingsError: ONNX Runtime is not installed, or does not work on the device.
    """
    runtime = library()
    if not path.is_file():
        raise CheckpointError(f'{path}: no such file; give the ONNX file of the model')
    options = _options(torch.get_num_threads())
    try:
        session = runtime.InferenceSession(str(path), options, providers=_providers(device))
    except Exception as error:  # those of ONNX Runtime have no common base
        raise CheckpointError(
            f'{path}: ONNX Runtime {runtime.__version__} cannot load it ({reason(error)}); copy '
            'or export it again, and put files of weights that belong to it beside it'
        ) from error
    if device.type == 'cuda':
        _require(CUDA, session)
    return session


def open_graph_session(
    content: bytes, providers: list[tuple[str, dict[str, Any]]], threads: int = 1
) -> Any:
    """
    Load a graph of the package's own.

    :param providers: for GPUs with their options, the best first; the processor is the last.
    :param threads: of the processor.
    :returns: an ``onnxruntime.InferenceSession``.
    :raises SettingsError: the first of the providers does not work.
    """
    session = library().InferenceSession(content, _options(threads), providers=[*providers, CPU])
    if providers:
        _require(providers[0][0], session)
    return session


def _options(threads: int) -> Any:
    options = library().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait starve the other processes of a small machine.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    # What goes wrong is in the exception, too.
    options.log_severity_level = FATAL
    return options


def _require(provider: str, session: Any) -> None:
    if provider not in session.get_providers():
        raise SettingsError(
            f'ONNX Runtime {library().__version__} did not get {provider} to work; install the '
            'CUDA, cuDNN and TensorRT that it names, or use device cpu'
        )


def reason(error: Exception) -> str:
    """Return what an error of ONNX Runtime says, as one line."""
    return PREAMBLE.sub('', ' '.join(str(error).split())).rstrip('. ')


def _providers(device: torch.device) -> list[Any]:
    gpu = [(CUDA, {'device_id': device.index or 0})] if device.type == 'cuda' else []
    return [*gpu, CPU]


def library() -> Any:
    """
    Return the module of ONNX Runtime.

    :raises SettingsError: it is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise SettingsError(
            'an ONNX model needs ONNX Runtime, which is not installed; pip install onnxruntime, '
            'or onnxruntime-gpu for a GPU'
        ) from None
    # A robot does not report to the makers of its libraries.
    onnxruntime.disable_telemetry_events()
    return onnxruntime
