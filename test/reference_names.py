"""Names and seeded weights of the reference networks, for the golden and vector tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import runpy
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn, Tensor

from steps_ros.core.importers import enhancer_key, renamer

Rename = Callable[[str], str]


pose_net_name = renamer(
    (r'\.shortcut\.', '.downsample.'),
    (r'^encoder\.stem\.', 'PoseEncoder.blocks.0.'),
    *((rf'^encoder\.stages\.{i}\.', f'PoseEncoder.blocks.{i + 1}.') for i in range(4)),
    (r'^axis_angle\.', 'axis_conv.'),
    (r'^translation\.', 'trans_conv.'),
    (r'^(reduce|conv1|conv2|axis_conv|trans_conv)\.', r'PoseDecoder.\1.'),
)
_calibration_name = renamer(
    (r'^calibration\.block_in\.', 'calibrate.in_conv.'),
    (r'^calibration\.block\.', 'calibrate.convs.'),
    (r'^calibration\.conv_out\.', 'calibrate.out_conv.0.'),
)


def enhancer_name(key: str) -> str:
    """Return the reference's name of a key of the staged enhancer."""
    part, rest = key.split('.', 1)
    return enhancer_key(rest) if part == 'illumination' else _calibration_name(key)


def load_named(
    module: nn.Module, weights: Callable[[str, tuple[int, ...]], Tensor], name: Rename
) -> None:
    """Load every entry of a module's state from ``weights(reference name, shape)``."""
    state = module.state_dict()
    module.load_state_dict({key: weights(name(key), tuple(state[key].shape)) for key in state})


def recipe(reference: Path) -> SimpleNamespace:
    """Return what the goldens' own module of seeded weights has; no bytecode is left beside it."""
    return SimpleNamespace(**runpy.run_path(str(reference / 'goldens' / 'recipe.py')))


def golden(reference: Path, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of one golden file."""
    with np.load(reference / 'goldens' / name) as arrays:
        return dict(arrays)


def fill(modules: list[tuple[nn.Module, Rename]], seed: int) -> None:
    """Fill parameters as steps_spec 9 says: one stream of normals over the sorted names."""
    random = np.random.RandomState(seed)
    parameters = {
        name(key): parameter
        for module, name in modules
        for key, parameter in module.named_parameters()
    }
    for key in sorted(parameters):
        parameter = parameters[key]
        values = random.standard_normal(tuple(parameter.shape))
        if parameter.ndim == 4:
            fan_in = np.prod(parameter.shape[1:])
            values *= np.sqrt(2 / fan_in) * (0.3 if 'disp_conv' in key else 1)
        elif key.endswith('weight'):
            values = 1 + 0.1 * values
        else:
            values *= 0.05
        parameter.data = torch.from_numpy(values).float()


def image(height: int, width: int, k: int) -> Tensor:
    """Return image B of steps_spec 9, (1, 3, H, W)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = [
        np.sin(0.21 * y + 0.13 * x + 0.5 * c + 0.3 * k) * np.cos(0.17 * x - 0.05 * y * (c + 1))
        for c in range(3)
    ]
    return torch.from_numpy(0.25 + 0.2 * np.stack(channels)).float()[None]


def named(arrays: dict[str, np.ndarray], key: str) -> Tensor:
    """Return one array of a golden file as a tensor."""
    return torch.from_numpy(np.asarray(arrays[key]))
