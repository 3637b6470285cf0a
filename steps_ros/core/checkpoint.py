"""
Weights files: one ``.safetensors`` that explains itself.

This module and ``foreign_file`` are the only ones of ``core`` that open a file. The metadata key
``steps_ros`` holds, as JSON, everything needed to rebuild the networks: their configuration, the
input size, the bounds of the confidence, where the weights came from, and a hash of all that and
of the weights, so that a damaged file is known as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
from typing import Any, TypeVar

from safetensors import safe_open, SafetensorError
from safetensors.torch import save
import torch
from torch import nn, Tensor

from steps_ros import __version__
from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.illumination import IlluminationNet
from steps_ros.core.masks import Bridge
from steps_ros.core.named_weights import load_state, weights_sha256
from steps_ros.core.network_configs import (
    confidence,
    depth_config,
    encoder_config,
    enhancer_channels,
    flag,
    input_size,
)
from steps_ros.core.resnet import EncoderConfig
from steps_ros.errors import CheckpointError, first_line, OutputError
from steps_ros.limits import require_within
from steps_ros.whole_file import write_whole

METADATA_KEY = 'steps_ros'
HASH_KEY = 'sha256'
FORMAT = 1
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
    ``input_size`` is (height, width), or None to use each image's own. ``sees_enhanced`` is False
    where the depth network learned from pictures as the camera took them; the enhancer then serves
    the eye alone.
    """

    depth_net: DepthNet | None = None
    enhancer: IlluminationNet | None = None
    encoder: dict[str, Tensor] | None = None
    encoder_config: EncoderConfig | None = None
    input_size: tuple[int, int] | None = None
    confidence: Bridge = DEFAULT_CONFIDENCE
    provenance: Provenance = field(default_factory=Provenance)
    sees_enhanced: bool = True


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
    tensors = {name: _stored(tensor, dtype) for name, tensor in _tensors(checkpoint).items()}
    # One key with everything: safetensors writes several in any order, and files would differ.
    metadata = {METADATA_KEY: _signed(tensors, _describe(checkpoint))}
    try:
        write_whole(path, save(tensors, metadata), lasting=True)
    except OSError as error:
        raise OutputError(
            f'{path}: cannot be written ({error.strerror}); make room or choose another place, '
            'and start again'
        ) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """
    Read a checkpoint written by :func:`save_checkpoint`; networks come in eval mode, float32.

    :raises CheckpointError: the file is missing, damaged, foreign, or does not fit its own
        hash or configuration; the message names the file and the key.
    """
    tensors, description = _read(path)
    try:
        depth = description.get('depth_net')
        enhancer = description.get('enhancer')
        encoder = description.get('encoder')
        return Checkpoint(
            depth_net=_built(path, _without_memory(depth_config(depth)), 'depth_net', tensors)
            if depth
            else None,
            enhancer=_built(
                path, IlluminationNet(enhancer_channels(enhancer)), 'enhancer', tensors
            )
            if enhancer
            else None,
            encoder=_part(tensors, 'encoder') if encoder else None,
            encoder_config=encoder_config(encoder) if encoder else None,
            input_size=input_size(description['input_size']),
            confidence=confidence(description['confidence']),
            provenance=_provenance(description['provenance']),
            # Not in files from before there were networks that see pictures as they are.
            sees_enhanced=flag(description.get('sees_enhanced', True)),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
        raise CheckpointError(
            f'{path}: its metadata does not describe a network ({error!r}); export it again with '
            f'steps_ros {__version__}'
        ) from error


def stored_sha256(path: Path) -> str:
    """
    Return the hash that a checkpoint holds of its content, which :func:`load_checkpoint` checks.

    It is empty where the file was written before there were hashes.

    :raises CheckpointError: the file is missing, damaged or foreign.
    """
    with _opened(path) as file:
        return str(_description(path, file).get(HASH_KEY, ''))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise CheckpointError(f'{path}: no such file; give a .safetensors checkpoint')
    try:
        _check_header(path)
        with safe_open(path, framework='pt') as file:
            yield file
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f'{path}: not a readable .safetensors file ({first_line(error)}); if it is a .pt or '
            '.ckpt use steps-ros import-weights, else copy it again'
        ) from error


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    with _opened(path) as file:
        description = _description(path, file)
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    known = description.pop(HASH_KEY, None)
    if known and known != weights_sha256(tensors, json.dumps(description, sort_keys=True)):
        raise CheckpointError(
            f'{path}: holds other weights than were saved (its SHA-256 differs from the one in '
            'it), so it is damaged; copy it again'
        )
    return tensors, description


def _description(path: Path, file: Any) -> dict[str, Any]:
    metadata = file.metadata() or {}
    if METADATA_KEY not in metadata:
        raise CheckpointError(
            f'{path}: metadata key {METADATA_KEY} is missing, so it is not a checkpoint of '
            'this package; make one with: steps-ros import-weights'
        )
    description = json.loads(metadata[METADATA_KEY])
    if not isinstance(description, dict) or description.get('format') != FORMAT:
        raise CheckpointError(
            f'{path}: checkpoint format {_format_of(description)}, this version reads {FORMAT}; '
            'use the steps_ros version that wrote it'
        )
    return description


def _check_header(path: Path) -> None:
    """Look at the length of the header, which is parsed whole."""
    with path.open('rb') as file:
        length = int.from_bytes(file.read(8), 'little')
    if length <= path.stat().st_size:
        require_within('text_bytes', length, f'{path}: the header', CheckpointError)


def _format_of(description: object) -> object:
    return description.get('format') if isinstance(description, dict) else None


def _without_memory(config: DepthNetConfig) -> DepthNet:
    """Build a network that gets, whatever a file describes, the memory of the tensors in it."""
    with torch.device('meta'):
        return DepthNet(config)


def _built(path: Path, module: _Network, part: str, tensors: dict[str, Tensor]) -> _Network:
    extra = sorted(_part(tensors, part).keys() - module.state_dict().keys())
    load_state(str(path), module, tensors, lambda key: f'{part}.{key}')
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


def _signed(tensors: dict[str, Tensor], description: dict[str, Any]) -> str:
    """Return the description as JSON with the hash in it."""
    # As whoever reads it sees it: keys are texts then, and sorted as such.
    plain = json.loads(json.dumps(description))
    plain[HASH_KEY] = weights_sha256(tensors, json.dumps(plain, sort_keys=True))
    return json.dumps(plain, sort_keys=True)


def _describe(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        'format': FORMAT,
        'depth_net': asdict(checkpoint.depth_net.config) if checkpoint.depth_net else None,
        'enhancer': {'channels': checkpoint.enhancer.channels} if checkpoint.enhancer else None,
        'encoder': asdict(checkpoint.encoder_config) if checkpoint.encoder_config else None,
        'input_size': checkpoint.input_size,
        'confidence': checkpoint.confidence._asdict(),
        'provenance': asdict(checkpoint.provenance),
        'sees_enhanced': checkpoint.sees_enhanced,
    }


def _provenance(values: dict[str, Any]) -> Provenance:
    found = Provenance(**values)
    kinds = [type(value) for value in (found.source, found.step, found.version, found.notes)]
    if kinds != [str, int, str, dict]:
        raise ValueError(f'provenance {values!r}')
    return found
