"""
Descriptions of networks out of a file: nothing in them is believed before it is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from steps_ros.core.depth_net import DepthNetConfig
from steps_ros.core.masks import Bridge
from steps_ros.core.resnet import BLOCKS, EncoderConfig

MOST_CHANNELS, MOST_BLOCKS = 8192, 256
STAGES, LEVELS = 4, 5
PADDINGS = ('reflect', 'zeros')
COLOURS, COLOURS_AND_RAYS = 3, 5
LARGEST_SIZE = 1 << 16


def encoder_config(values: Mapping[str, Any]) -> EncoderConfig:
    """
    Return the shape of an encoder.

    :raises ValueError: no encoder has it; :class:`KeyError` or :class:`TypeError` likewise.
    """
    lists = {key: tuple(values[key]) for key in ('widths', 'depths')}
    config = EncoderConfig(**{**values, **lists})
    if config.block not in BLOCKS:
        raise ValueError(f'block {config.block!r}')
    _check_whole('widths', (config.stem, *config.widths), STAGES + 1, MOST_CHANNELS)
    _check_whole('depths', config.depths, STAGES, MOST_BLOCKS)
    if config.channels not in (COLOURS, COLOURS_AND_RAYS):
        raise ValueError(f'channels {config.channels!r}')
    _check_real('slope', config.slope)
    return config


def depth_config(values: Mapping[str, Any]) -> DepthNetConfig:
    """
    Return what the weights of a depth network depend on.

    :raises ValueError: as :func:`encoder_config`.
    """
    encoder = encoder_config(values['encoder'])
    config = DepthNetConfig(**{**values, 'encoder': encoder, 'decoder': tuple(values['decoder'])})
    _check_whole('decoder', config.decoder, LEVELS, MOST_CHANNELS)
    if config.padding not in PADDINGS:
        raise ValueError(f'padding {config.padding!r}')
    _check_real('min_depth', config.min_depth)
    _check_real('max_depth', config.max_depth)
    if not 0 < config.min_depth < config.max_depth:
        raise ValueError(f'depth from {config.min_depth} to {config.max_depth}')
    return config


def enhancer_channels(values: Mapping[str, Any]) -> int:
    """
    Return the channels of an enhancer.

    :raises ValueError: as :func:`encoder_config`.
    """
    channels = {**values}.pop('channels')
    if len(values) > 1 or type(channels) is not int or channels not in (1, COLOURS):
        raise ValueError(f'enhancer {values!r}')
    return channels


def input_size(values: Any) -> tuple[int, int] | None:
    """
    Return (height, width), or None.

    :raises ValueError: it is no size.
    """
    if values is None:
        return None
    _check_whole('input_size', tuple(values), 2, LARGEST_SIZE)
    return values[0], values[1]


def confidence(values: Mapping[str, Any]) -> Bridge:
    """
    Return the bounds of well-lit illumination.

    :raises ValueError: as :func:`encoder_config`.
    """
    bridge = Bridge(**values)
    for name, value in zip(bridge._fields, bridge, strict=True):
        _check_real(name, value)
    return bridge


def flag(value: Any) -> bool:
    """
    Return a switch.

    :raises ValueError: it is neither true nor false.
    """
    if type(value) is not bool:
        raise ValueError(f'{value!r} where true or false is meant')
    return value


def _check_whole(name: str, values: tuple[Any, ...], count: int, most: int) -> None:
    are_whole = all(type(value) is int and 0 < value <= most for value in values)
    if len(values) != count or not are_whole:
        raise ValueError(f'{name} {values!r}')


def _check_real(name: str, value: Any) -> None:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f'{name} {value!r}')
