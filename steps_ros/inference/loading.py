"""
From the file that a user gives as checkpoint to a predictor, whatever kind of model it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.errors import CheckpointError, SettingsError
from steps_ros.inference.engines.names import AUTO, ONNXRUNTIME, TORCH
from steps_ros.inference.file_hash import file_sha256
from steps_ros.inference.network_size import Size
from steps_ros.inference.onnx_depth import OnnxDepth
from steps_ros.inference.onnx_session import session_device
from steps_ros.inference.onnx_settings import load_onnx_settings
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

DESCRIPTIONS = ('.yaml', '.yml')


class Loaded(NamedTuple):
    """
    A predictor, and the file it came from with its SHA-256.
    """

    predictor: Predictor
    path: Path
    sha256: str

    @property
    def described(self) -> Mapping[str, str]:
        """
        Return what reports say of it, as it is now.

        It has ``checkpoint_sha256``, ``engine``, ``device``, ``precision``; where there is a
        reason for the engine ``engine_choice``; and for a model that is not of this package its
        file, SHA-256 and kind of output as well.
        """
        model = self.predictor.depth_model
        return {
            'checkpoint_sha256': self.sha256,
            'engine': self.predictor.engine,
            'device': str(self.predictor.device),
            'precision': self.predictor.precision,
            **({} if model is None else model.described),
        }

    def require_scalable(self, wish: str) -> None:
        """
        Refuse to make metres of a depth of which no factor makes them.

        :param wish: what asks for metres, with its value.
        :raises SettingsError: there is no depth, or its inverse has an unknown shift.
        """
        model = self.predictor.depth_model
        if model is None:
            raise SettingsError(
                f'{wish}: {self.path} has no depth network; leave the scale out or give another '
                'checkpoint'
            )
        if not model.is_scalable:
            raise SettingsError(
                f'{wish}: {self.path} gives inverse depth of unknown shift, of which no scale '
                'makes metres; leave the scale out, or give a model whose output is depth'
            )


def load_predictor(
    path: Path,
    size: Size | None = None,
    device: str = 'auto',
    precision: str = 'auto',
    unsized: Size | None = None,
    engine: str = 'torch',
) -> Loaded:
    """
    Load a ``.safetensors`` checkpoint, or an ONNX model by the ``.yaml`` file that describes it.

    The enhancer and the confidence of an ONNX model are those of the default weights.

    :param size: (height, width) of the depth model's input; None for its own.
    :param unsized: the same for a checkpoint that has no size of its own.
    :param engine: of the package's own networks; an ONNX model is one of ONNX Runtime, and any
        but the defaults is refused with it.
    :raises StepsError: a file, size, device or precision that cannot be.
    """
    if path.suffix == '.onnx':
        raise CheckpointError(
            f'{path}: an ONNX file does not say what it takes and gives; describe it in a .yaml '
            'file (docs/other_models.md) and give that'
        )
    if path.suffix in DESCRIPTIONS:
        if engine not in (AUTO, TORCH, ONNXRUNTIME):
            raise SettingsError(
                f'engine {engine!r}: {path} describes an ONNX model of others, which ONNX Runtime '
                'computes; leave the engine at its default'
            )
        predictor = _foreign(path, size, device, precision)
    else:
        checkpoint = load_checkpoint(path)
        chosen = size or (None if checkpoint.input_size else unsized)
        predictor = Predictor(checkpoint, chosen, device, precision, engine=engine)
    return Loaded(predictor, path, file_sha256(path))


def _foreign(path: Path, size: Size | None, device: str, precision: str) -> Predictor:
    settings = load_onnx_settings(path)
    place = session_device(device)
    model = OnnxDepth(settings, path.parent, size, place, precision)
    return Predictor(load_checkpoint(DEFAULT_WEIGHTS), device=str(place), depth_model=model)
