"""
What an ONNX model says of its input and outputs, and whether a picture and a depth fit in there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from steps_ros.errors import CheckpointError, SettingsError
from steps_ros.inference.network_size import Size
from steps_ros.inference.onnx_settings import COLOURS

INPUT_TYPES = {'tensor(float)': np.float32, 'tensor(float16)': np.float16}
OUTPUT_TYPES = (*INPUT_TYPES, 'tensor(double)')


class Input(NamedTuple):
    """What the file says of its input; None in ``size`` is free."""

    name: str
    type: Any
    is_batched: bool
    size: tuple[int | None, int | None]


def input_of(session: Any, path: Path) -> Input:
    """
    Return the one input of a session.

    :param path: of the model, for the message.
    :raises CheckpointError: it does not take one RGB picture, or any number of them, and no more.
    """
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ', '.join(item.name for item in inputs) or 'none'
        raise CheckpointError(
            f'{path}: takes {len(inputs)} inputs ({names}); export a model of one picture'
        )
    (taken,) = inputs
    if len(taken.shape) != 4 or (_is_fixed(taken.shape[1]) and taken.shape[1] != COLOURS):
        raise CheckpointError(
            f'{path}: input {taken.name!r} has shape {taken.shape} where (B, {COLOURS}, H, W) '
            'belongs; export a model of RGB pictures with channels first'
        )
    if taken.type not in INPUT_TYPES:
        raise CheckpointError(
            f'{path}: input {taken.name!r} is a {taken.type}; export {" or ".join(INPUT_TYPES)}'
        )
    batch, _, *size = taken.shape
    if _is_fixed(batch) and batch != 1:
        raise CheckpointError(
            f'{path}: takes {batch} pictures at a time; export it for one, or for any number'
        )
    height, width = (length if _is_fixed(length) else None for length in size)
    return Input(taken.name, INPUT_TYPES[taken.type], not _is_fixed(batch), (height, width))


def _is_fixed(length: object) -> bool:
    # A length that is free is a name, or None.
    return isinstance(length, int)


def output_of(session: Any, path: Path, wanted: str) -> str:
    """
    Return the name of the wanted output, of the only one where none is wanted.

    :raises CheckpointError: there is no such output, or there are several.
    """
    outputs = {item.name: item.type for item in session.get_outputs()}
    names = ', '.join(outputs)
    if wanted and wanted not in outputs:
        raise CheckpointError(
            f'{path}: has no output {wanted!r}; set output_name to one of {names}'
        )
    if not wanted and len(outputs) != 1:
        raise CheckpointError(f'{path}: has several outputs; set output_name to one of {names}')
    name = wanted or names
    if outputs[name] not in OUTPUT_TYPES:
        raise CheckpointError(
            f'{path}: output {name!r} is a {outputs[name]}; export {" or ".join(OUTPUT_TYPES)}'
        )
    return name


def size_of(taken: Input, path: Path, wanted: Size | None) -> Size:
    """
    Return the (height, width) at which pictures go in.

    :param wanted: by the user, None for the one that the file says.
    :raises SettingsError: the file takes another size, or any.
    """
    height, width = taken.size
    words = f'{height or "any"}x{width or "any"}'
    if wanted is None:
        if height is None or width is None:
            raise SettingsError(f'{path}: takes {words}; set size to HxW, such as 518x518')
        return height, width
    if any(own not in (None, length) for own, length in zip(taken.size, wanted, strict=True)):
        raise SettingsError(
            f'size {wanted[0]}x{wanted[1]}: {path} takes {words}; leave the size out, or export '
            'the model for another'
        )
    return wanted
