"""
The first stage of the enhancer at inference: the light on each pixel.

Libraries of neural networks are slow at convolutions of one channel to one. On a CPU the grey
enhancer is therefore three filters of OpenCV, which takes a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn, Tensor

from steps_ros.core.illumination import IlluminationNet, LEAST_ILLUMINATION

Floats = NDArray[np.float32]
# Pictures (B, 3, H, W) and their grey levels (B, 1, H, W), both in [0, 1], to the clamped
# illumination, (B, 1 or 3, H, W).
Illuminate = Callable[[Tensor, Tensor], Tensor]


class Filter(NamedTuple):
    """A 3x3 filter and what is added to its result."""

    kernel: Floats
    offset: float

    def __call__(self, plane: Floats) -> Floats:
        """Filter (H, W); beyond its border it is zero."""
        filtered = cv2.filter2D(
            plane, -1, self.kernel, delta=self.offset, borderType=cv2.BORDER_CONSTANT
        )
        return np.asarray(filtered, np.float32)


def illumination_on(net: IlluminationNet, device: torch.device) -> Illuminate:
    """Return the fastest that computes the stage on this device; the network stays as it is."""
    if device.type == 'cpu' and net.channels == 1:
        return _by_filters(net)
    # A copy, so that the network stays where it is for its other users.
    here = deepcopy(net).to(device).eval()
    if net.channels == 1:
        return lambda _, grey: here(grey).clamped
    return lambda pixels, _: here(pixels).clamped


def _by_filters(net: IlluminationNet) -> Illuminate:
    first, middle, last = _filter(net.conv_in), _filter(net.conv_mid), _filter(net.conv_out)
    scale, shift = _normalisation(net.bn)
    middle = Filter(middle.kernel * scale, middle.offset * scale + shift)

    def illuminate(_: Tensor, grey: Tensor) -> Tensor:
        planes = grey.detach()[:, 0].numpy()
        lit = np.stack([_stage(plane, first, middle, last) for plane in planes])
        return torch.from_numpy(lit)[:, None]

    return illuminate


def _stage(grey: Floats, first: Filter, middle: Filter, last: Filter) -> Floats:
    """Return the clamped illumination of (H, W); steps_spec 1.1."""
    feature = np.maximum(first(grey), 0)
    feature += np.maximum(middle(feature), 0)
    light = torch.from_numpy(last(feature)).sigmoid_().numpy()
    light += grey
    return np.clip(light, LEAST_ILLUMINATION, 1, out=light)


def _filter(convolution: nn.Conv2d) -> Filter:
    assert convolution.bias is not None
    kernel = convolution.weight.detach().cpu().float()[0, 0].numpy()
    return Filter(kernel, convolution.bias.item())


def _normalisation(norm: nn.BatchNorm2d) -> tuple[np.float32, float]:
    """Return the factor and the summand that batch normalisation is in eval mode."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).item()
    return np.float32(scale), norm.bias.item() - norm.running_mean.item() * scale
