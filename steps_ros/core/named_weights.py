"""
Weights by their names: into a network, and what tells that they are the ones that were saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import hashlib

import torch
from torch import nn, Tensor

from steps_ros.errors import CheckpointError


def weights_sha256(tensors: Mapping[str, Tensor], description: str) -> str:
    """
    Return the SHA-256 of weights as they are stored, with their names, types and shapes.

    :param description: what belongs to them and is to be as it was, too.
    """
    content = hashlib.sha256(description.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        content.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}\n'.encode())
        # As bytes, since NumPy does not know every number type of torch.
        content.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return content.hexdigest()


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
    check_state(file, module, state, stored_key)
    expected = module.state_dict()
    taken = {
        key: state[stored_key(key)].to(tensor.dtype, copy=True) for key, tensor in expected.items()
    }
    # A module without memory takes that of the tensors.
    module.load_state_dict(taken, assign=any(tensor.is_meta for tensor in expected.values()))
    module.eval()


def check_state(
    file: str,
    module: nn.Module,
    state: dict[str, Tensor],
    stored_key: Callable[[str], str],
) -> None:
    """Raise :class:`CheckpointError` as :func:`load_state` does, without loading anything."""
    for key, tensor in module.state_dict().items():
        stored = stored_key(key)
        if stored not in state:
            raise CheckpointError(f'{file}: key {stored} is missing; the file is not complete')
        check_shape(file, stored, state[stored], tensor)


def check_shape(file: str, key: str, tensor: Tensor, expected: Tensor) -> None:
    """Raise :class:`CheckpointError`, naming the key, when shapes differ."""
    if tensor.shape != expected.shape:
        raise CheckpointError(
            f'{file}: key {key} has shape {tuple(tensor.shape)} where {tuple(expected.shape)} '
            'belongs; the file is of another network'
        )
