"""
Weights files: one ``.safetensors`` that explains itself, and foreign files read without code.

This is the only module of ``core`` that opens a file. The metadata key ``steps_ros`` holds, as
JSON, everything needed to rebuild the networks: their configuration, the input size, the bounds
of the confidence, and where the weights came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import pickle
from typing import Any, TypeVar
import zipfile

from safetensors import safe_open, SafetensorError
from safetensors.torch import save
import torch
from torch import nn, Tensor

from steps_ros import __version__
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.masks import Bridge
from steps_ros.core.pickle_scan import key_that_needs, refused_name
from steps_ros.core.resnet import EncoderConfig
from steps_ros.errors import CheckpointError, OutputError

METADATA_KEY = 'steps_ros'
FORMAT = 1
DEFAULT_WEIGHTS = Path(__file__).parent.parent / 'weights' / 'default.safetensors'
_Network = TypeVar('_Network', bound=nn.Module)
DEFAULT_CONFIDENCE = Bridge(low=0.1, high=0.92, below=5.0, above=5.0)


@dataclass(frozen=True)
class Provenance:
    """Where weights came from: a sentence, the training step, and anything else worth keeping."""

    source: str = ''
    step: int = 0
    version: str = __version__
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """
    Networks ready to run, and what belongs to them.

    ``depth_net`` or ``enhancer`` is None where the file does not hold it. ``encoder`` is
    the state of a depth encoder alone (an imported ImageNet ResNet), which only training takes.
    ``input_size`` is (height, width), or None to use each image's own.
    """

    depth_net: DepthNet | None = None
    enhancer: IlluminationNet | None = None
    encoder: dict[str, Tensor] | None = None
    encoder_config: EncoderConfig | None = None
    input_size: tuple[int, int] | None = None
    confidence: Bridge = DEFAULT_CONFIDENCE
    provenance: Provenance = field(default_factory=Provenance)


def save_checkpoint(
    checkpoint: Checkpoint, path: Path, dtype: torch.dtype = torch.float32
) -> None:
    """
    Write a checkpoint, whole or not at all.

    :param path: must end in ``.safetensors``.
    :param dtype: type in which floating-point weights are stored; float16 halves the file.
    :raises OutputError: the name has another ending or the file cannot be written.
    """
    if path.suffix != '.safetensors':
        raise OutputError(f'{path}: a checkpoint is a .safetensors file; give such a name')
    metadata = {METADATA_KEY: json.dumps(_describe(checkpoint), sort_keys=True)}
    tensors = {name: _stored(tensor, dtype) for name, tensor in _tensors(checkpoint).items()}
    partial = path.with_name(path.name + '.partial')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(save(tensors, metadata))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f'{path}: cannot be written ({error.strerror}); choose a place'
        ) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """
    Read a checkpoint written by :func:`save_checkpoint`; networks come in eval mode, float32.

    :raises CheckpointError: the file is missing, damaged, foreign, or does not fit its own
        configuration; the message names the file and the key.
    """
    tensors, description = _read(path)
    try:
        depth = description.get('depth_net')
        enhancer = description.get('enhancer')
        encoder = description.get('encoder')
        size = description['input_size']
        return Checkpoint(
            depth_net=_built(path, DepthNet(_depth_config(depth)), 'depth_net', tensors)
            if depth
            else None,
            enhancer=_built(path, IlluminationNet(**enhancer), 'enhancer', tensors)
            if enhancer
            else None,
            encoder=_part(tensors, 'encoder') if encoder else None,
            encoder_config=_encoder_config(encoder) if encoder else None,
            input_size=(int(size[0]), int(size[1])) if size else None,
            confidence=Bridge(**description['confidence']),
            provenance=Provenance(**description['provenance']),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CheckpointError(
            f'{path}: its metadata does not describe a network ({error!r}); export it again with '
            f'steps_ros {__version__}'
        ) from error


def read_foreign(path: Path) -> dict[str, Any]:
    """
    Read a pickled ``.pt``, ``.pth`` or ``.ckpt`` file as plain values and tensors.

    Nothing in the file is ever executed.

    :raises CheckpointError: missing, truncated, or in need of unpickling code.
    """
    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f'{path}: no such file; check the path') from None
    except IsADirectoryError:
        raise CheckpointError(f'{path}: is a folder; give the weights file itself') from None
    except Exception as error:
        raise CheckpointError(_why_unreadable(path, error)) from error
    if not isinstance(content, dict):
        raise CheckpointError(
            f'{path}: holds a {type(content).__name__}, not named weights; save its state_dict()'
        )
    return content


def load_state(
    file: str,
    module: nn.Module,
    state: dict[str, Tensor],
    stored_key: Callable[[str], str],
) -> None:
    """
    Load weights into a module and leave it in eval mode; every key of the module must be there.

    :param file: its name, for the message.
    :param stored_key: the file's name of a key of the module.
    :raises CheckpointError: names the first key that is missing or misshapen.
    """
    expected = module.state_dict()
    for key, tensor in expected.items():
        stored = stored_key(key)
        if stored not in state:
            raise CheckpointError(f'{file}: key {stored} is missing; the file is not complete')
        check_shape(file, stored, state[stored], tensor)
    module.load_state_dict({key: state[stored_key(key)].to(expected[key]) for key in expected})
    module.eval()


def check_shape(file: str, key: str, tensor: Tensor, expected: Tensor) -> None:
    """Raise :class:`CheckpointError`, naming the key, when shapes differ."""
    if tensor.shape != expected.shape:
        raise CheckpointError(
            f'{file}: key {key} has shape {tuple(tensor.shape)} where {tuple(expected.shape)} '
            'belongs; the file is of another network'
        )


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise CheckpointError(f'{path}: no such file; give a .safetensors checkpoint')
    try:
        with safe_open(path, framework='pt') as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        description = json.loads(metadata[METADATA_KEY])
    except KeyError:
        raise CheckpointError(
            f'{path}: metadata key {METADATA_KEY} is missing, so it is not a checkpoint of '
            'this package; make one with: steps-ros import-weights'
        ) from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f'{path}: not a readable .safetensors file ({_first_line(error)}); if it is a .pt or '
            '.ckpt use steps-ros import-weights, else copy it again'
        ) from error
    if not isinstance(description, dict) or description.get('format') != FORMAT:
        raise CheckpointError(
            f'{path}: checkpoint format {_format_of(description)}, this version reads {FORMAT}; '
            'use the steps_ros version that wrote it'
        )
    return tensors, description


def _format_of(description: object) -> object:
    return description.get('format') if isinstance(description, dict) else None


def _built(path: Path, module: _Network, part: str, tensors: dict[str, Tensor]) -> _Network:
    load_state(str(path), module, tensors, lambda key: f'{part}.{key}')
    extra = sorted(_part(tensors, part).keys() - module.state_dict().keys())
    if extra:
        raise CheckpointError(f'{path}: key {part}.{extra[0]} is not of its network; wrong file?')
    return module


def _part(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f'{part}.'
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}


def _tensors(checkpoint: Checkpoint) -> dict[str, Tensor]:
    parts = {
        'depth_net': checkpoint.depth_net.state_dict() if checkpoint.depth_net else {},
        'enhancer': checkpoint.enhancer.state_dict() if checkpoint.enhancer else {},
        'encoder': checkpoint.encoder or {},
    }
    return {
        f'{part}.{key}': value for part, state in parts.items() for key, value in state.items()
    }


def _stored(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    plain = tensor.detach().cpu().contiguous()
    return plain.to(dtype) if plain.is_floating_point() else plain


def _describe(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        'format': FORMAT,
        'depth_net': asdict(checkpoint.depth_net.config) if checkpoint.depth_net else None,
        'enhancer': {'channels': checkpoint.enhancer.channels} if checkpoint.enhancer else None,
        'encoder': asdict(checkpoint.encoder_config) if checkpoint.encoder_config else None,
        'input_size': checkpoint.input_size,
        'confidence': checkpoint.confidence._asdict(),
        'provenance': asdict(checkpoint.provenance),
    }


def _encoder_config(values: dict[str, Any]) -> EncoderConfig:
    lists = {key: tuple(values[key]) for key in ('widths', 'depths')}
    return EncoderConfig(**{**values, **lists})


def _depth_config(values: dict[str, Any]) -> DepthNetConfig:
    encoder = _encoder_config(values['encoder'])
    return DepthNetConfig(**{**values, 'encoder': encoder, 'decoder': tuple(values['decoder'])})


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].split('. ')[0]


def _why_unreadable(path: Path, error: Exception) -> str:
    name = refused_name(str(error)) if isinstance(error, pickle.UnpicklingError) else None
    if name is None:
        return (
            f'{path}: not a readable weights file ({type(error).__name__}: {_first_line(error)}); '
            'copy or download it again'
        )
    key = key_that_needs(_pickle_of(path), name)
    where = f'key {key!r}' if key else 'a value'
    return (
        f'{path}: {where} would need to unpickle {name}, which could run code, and was refused; '
        "save the file with its 'state_dict' alone where it was made"
    )


def _pickle_of(path: Path) -> bytes:
    """Return the pickle stream in a torch file: ``data.pkl`` of a zip, or the file itself."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        name = next((n for n in archive.namelist() if n.endswith('data.pkl')), None)
        return archive.read(name) if name else b''
