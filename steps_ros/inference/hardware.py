"""Which device and which number type a prediction runs on."""

from __future__ import annotations

import os
from pathlib import Path
import platform

import torch

from steps_ros.errors import SettingsError

PRECISIONS = {
    'float32': torch.float32,
    'float16': torch.float16,
    'bfloat16': torch.bfloat16,
}
CPU_INFO, BOARD = Path('/proc/cpuinfo'), Path('/proc/device-tree/model')


def resolve_device(name: str = 'auto') -> torch.device:
    """
    Return the device of a name; ``auto`` is the GPU where there is one.

    :param name: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    :raises SettingsError: unknown name, or no such GPU.
    """
    if name == 'auto':
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError:
        raise SettingsError(f'device {name!r} is unknown; use auto, cpu, cuda or cuda:N') from None
    if device.type not in ('cpu', 'cuda'):
        raise SettingsError(f'device {name!r} is not supported; use auto, cpu, cuda or cuda:N')
    if device.type == 'cuda' and (device.index or 0) >= torch.cuda.device_count():
        raise SettingsError(
            f'device {name!r}: torch {torch.__version__} sees {torch.cuda.device_count()} CUDA '
            'GPUs; use device cpu or auto, or install a CUDA build of torch and its driver'
        )
    return device


def resolve_precision(name: str, device: torch.device) -> torch.dtype:
    """
    Return the number type of a name; ``auto`` is float16 on a GPU and float32 on a CPU.

    :param name: ``auto``, ``float32``, ``float16`` or ``bfloat16``.
    :raises SettingsError: unknown name.
    """
    if name == 'auto':
        return torch.float16 if device.type == 'cuda' else torch.float32
    if name not in PRECISIONS:
        choices = ', '.join(('auto', *PRECISIONS))
        raise SettingsError(f'precision {name!r} is unknown; use one of {choices}')
    return PRECISIONS[name]


def device_name(device: torch.device) -> str:
    """Return what the device is called by its maker, and how many cores a processor has."""
    if device.type == 'cuda':
        major, minor = torch.cuda.get_device_capability(device)
        return f'{torch.cuda.get_device_name(device)} ({major}.{minor})'
    return f'{os.cpu_count()} x {_processor()}'


def _processor() -> str:
    """Return the model; where there is none, as on ARM, the board and the numbers of the parts."""
    models = _values('model name')
    if models:
        return models[0]
    board = BOARD.read_text(encoding='utf-8').strip('\0 \n') if BOARD.is_file() else ''
    parts = sorted(set(_values('CPU part')))
    return ' '.join(filter(None, (platform.machine(), board, *parts)))


def _values(name: str) -> list[str]:
    """Return what the system says under a name of each core."""
    lines = CPU_INFO.read_text(encoding='utf-8').splitlines() if CPU_INFO.is_file() else []
    pairs = (line.partition(':') for line in lines)
    return [value.strip() for key, _, value in pairs if key.strip() == name]
