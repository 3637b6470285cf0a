"""Which device and which number type a prediction runs on."""

from __future__ import annotations

import torch

from steps_ros.errors import SettingsError

PRECISIONS = {
    'float32': torch.float32,
    'float16': torch.float16,
    'bfloat16': torch.bfloat16,
}


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
