"""
Which pixels a loss can believe: light too little or too much, and what never moves.

M_uc of STEPS (steps_spec 4.6) and RNW's mask by statistics of differences (4.3).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from steps_ros.core.illumination import LEAST_ILLUMINATION


class Bridge(NamedTuple):
    """
    Bounds of well-lit illumination and the decay outside them.

    Below ``low`` the weight falls with ``below`` and above ``high`` with ``above``, the p and q
    of STEPS. The bounds are numbers, or tensors that broadcast.
    """

    low: float | Tensor
    high: float | Tensor
    below: float
    above: float


def bridge_weight(illumination: Tensor, bridge: Bridge) -> Tensor:
    """
    Return 1 within the bounds, both included, and 1 / (1 + p² d²) at distance d outside.

    :param illumination: any shape.
    :returns: the same shape, in (0, 1].
    """
    under = torch.relu(bridge.low - illumination) * bridge.below
    over = torch.relu(illumination - bridge.high) * bridge.above
    return 1 / (1 + (under + over).square())


class LightBounds(NamedTuple):
    """
    How each image's own illumination says what is well lit (steps_spec 4.6).

    ``dark_share`` of the way from the least to the median value lies the lower bound;
    ``bright_share`` of the way from the greatest to the median lies the upper bound, which is at
    least ``least_bright``. ``below`` and ``above`` are p and q of STEPS. ``strict``: values equal
    to a bound get weight 0, as in the released code.
    """

    dark_share: float = 0.1
    bright_share: float = 0.9
    least_bright: float = 0.92
    below: float = 5.0
    above: float = 5.0
    strict: bool = False


def light_bridge(illumination: Tensor, bounds: LightBounds) -> Bridge:
    """
    Return the bridge of each image, its bounds (B, 1, 1, 1).

    :param illumination: (B, 1, H, W), at least 1e-4.
    """
    values = illumination.flatten(1)
    least, greatest, median = values.amin(dim=1), values.amax(dim=1), values.median(dim=1).values
    low = least + bounds.dark_share * (median - least)
    high = (greatest - bounds.bright_share * (greatest - median)).clamp_min(bounds.least_bright)
    shape = (-1, 1, 1, 1)
    return Bridge(low.view(shape), high.view(shape), bounds.below, bounds.above)


@torch.no_grad()
def uncertainty_mask(illumination: Tensor, bounds: LightBounds) -> Tensor:
    """
    Return M_uc: 1 on well-lit pixels, less where light is too little or too much; no gradient.

    A constant map is well lit everywhere.

    :param illumination: (B, 1, H, W), before clamping; it is clamped below at 1e-4 here.
    :returns: (B, 1, H, W), in [0, 1].
    """
    light = illumination.clamp_min(LEAST_ILLUMINATION)
    bridge = light_bridge(light, bounds)
    weight = bridge_weight(light, bridge)
    if not bounds.strict:
        return weight
    return weight.masked_fill((light == bridge.low) | (light == bridge.high), 0)


def frame_difference(frame: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference of the channels, (..., 1, H, W)."""
    return (frame - target).abs().mean(dim=-3, keepdim=True)


@torch.no_grad()
def image_quantile(values: Tensor, share: float) -> Tensor:
    """
    Return a quantile of each image, linear between neighbouring values, for any size.

    :param values: (B, 1, H, W); :func:`torch.quantile` refuses more than 2**24 values.
    :param share: 0 to 1.
    :returns: (B,).
    """
    flat = values.flatten(1)
    rank = torch.tensor(share * (flat.shape[1] - 1), dtype=flat.dtype)
    place = int(rank)
    lower = flat.kthvalue(place + 1, dim=1).values
    upper = flat.kthvalue(min(place + 2, flat.shape[1]), dim=1).values
    return torch.lerp(lower, upper, float(rank - place))


def moving_mean(former: Tensor | None, value: Tensor, momentum: float = 0.98) -> Tensor:
    """Return momentum * former + (1 - momentum) * value; the first value is taken as it is."""
    return value if former is None else momentum * former + (1 - momentum) * value
