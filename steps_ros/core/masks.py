"""Weights for pixels whose light is too little or too much (steps_spec 4.6)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Bridge(NamedTuple):
    """
    Bounds of well-lit illumination and the decay outside them.

    Below ``low`` the weight falls with ``below`` and above ``high`` with ``above``, the p and q
    of STEPS.
    """

    low: float
    high: float
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
