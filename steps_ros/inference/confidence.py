"""
How far a pixel's depth can be trusted, judged by its light.

Three factors: the bridge of the uncertainty mask (steps_spec 4.6) on the stage-1 illumination,
with bounds fixed by the checkpoint, as far as the enhancer is applied; little trust for raw
values at the ends of the range; and little trust for a frame that shows nothing at all, as behind
a covered lens.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from torch.nn import functional

from steps_ros.core.masks import Bridge, bridge_weight

Floats = NDArray[np.float32]

BLACK, WHITE = 2.5 / 255, 252.5 / 255
LEAST_TRUST = 0.1
GRID = (24, 40)
CONTRAST_QUANTILE = 0.98
NO_CONTRAST, FULL_CONTRAST = 8 / 255, 14 / 255


def confidence(
    illumination: Tensor, grey: Tensor, bridge: Bridge, enhancement: float = 1.0
) -> Tensor:
    """
    Combine the three factors.

    The bridge says what enhancing lifts out of the dark or blows; where nothing is enhanced it
    says nothing. To the power of the enhancement it fades as the picture does.

    :param illumination: (B, C, H, W), clamped stage-1 map; of three colours the least counts.
    :param grey: (B, 1, H, W), the raw image in [0, 1].
    :param bridge: bounds of the checkpoint.
    :param enhancement: 0 to 1, how far the enhancer is applied; at 0 ``illumination`` is not read.
    :returns: (B, 1, H, W), in (0, 1].
    """
    if grey.device.type == 'cpu':
        frames = zip(illumination.detach().numpy(), grey.detach()[:, 0].numpy(), strict=True)
        found = [_on_host(light, level, bridge, enhancement) for light, level in frames]
        return torch.from_numpy(found[0][None] if len(found) == 1 else np.stack(found))[:, None]
    weight = exposure_weight(grey) * contrast_weight(grey)
    if enhancement == 0:
        return weight
    lit = bridge_weight(illumination, bridge).amin(dim=1, keepdim=True)
    return lit.pow(enhancement) * weight


def _on_host(light: Floats, grey: Floats, bridge: Bridge, enhancement: float) -> Floats:
    """Return all factors of (C, H, W) and (H, W) together, (H, W), in a third of torch's time."""
    weight = _lit(light, bridge, enhancement) if enhancement else np.ones_like(grey)
    clipped = (grey < BLACK) | (grey > WHITE)
    np.multiply(weight, np.float32(LEAST_TRUST), out=weight, where=clipped)
    weight *= np.float32(_contrast_on_host(grey))
    return weight


def _contrast_on_host(grey: Floats) -> float:
    """Return :func:`contrast_weight` of (H, W); where cells cut pixels, they share them."""
    cells = cv2.resize(grey, GRID[::-1], interpolation=cv2.INTER_AREA)
    across, down = (np.abs(np.diff(cells, axis=axis)) for axis in (1, 0))
    contrast = float(np.quantile(np.concatenate((across, down), axis=None), CONTRAST_QUANTILE))
    ramp = (contrast - NO_CONTRAST) / (FULL_CONTRAST - NO_CONTRAST)
    return min(max(ramp, LEAST_TRUST), 1)


def _lit(light: Floats, bridge: Bridge, enhancement: float) -> Floats:
    """Return the bridge to the power of the enhancement, (H, W) of (C, H, W)."""
    outside, over = float(bridge.low) - light, light - float(bridge.high)
    for distance, steepness in ((outside, bridge.below), (over, bridge.above)):
        np.maximum(distance, 0, out=distance)
        distance *= steepness
    outside += over
    outside *= outside
    # The least of 1 / (1 + x) is where x is greatest.
    most: Floats = outside[0] if len(outside) == 1 else outside.max(axis=0)
    most += 1
    weight = np.reciprocal(most, out=most)
    if enhancement != 1:
        np.power(weight, np.float32(enhancement), out=weight)
    return weight


def exposure_weight(grey: Tensor) -> Tensor:
    """Return 0.1 where the raw value is 0 to 2 or 253 to 255, else 1; the shape of ``grey``."""
    clipped = (grey < BLACK) | (grey > WHITE)
    return torch.where(clipped, LEAST_TRUST, 1.0).to(grey.dtype)


def contrast_weight(grey: Tensor) -> Tensor:
    """
    Return, per frame, 0.1 when neighbours on a coarse grid hardly differ anywhere, else up to 1.

    Means over cells ignore noise, and differences of neighbours ignore the smooth glow that
    a covered or fogged lens leaves: on real night frames the quantile is above 35 grey levels,
    on covered lenses below 8.

    :param grey: (B, 1, H, W), in [0, 1].
    :returns: (B, 1, 1, 1).
    """
    cells = functional.adaptive_avg_pool2d(grey, GRID)
    across = (cells[..., :, 1:] - cells[..., :, :-1]).abs().flatten(1)
    down = (cells[..., 1:, :] - cells[..., :-1, :]).abs().flatten(1)
    differences = torch.cat((across, down), dim=1)
    contrast = differences.float().quantile(CONTRAST_QUANTILE, dim=1)
    ramp = (contrast - NO_CONTRAST) / (FULL_CONTRAST - NO_CONTRAST)
    return ramp.clamp(LEAST_TRUST, 1).view(-1, 1, 1, 1)
