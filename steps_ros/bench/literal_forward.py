"""
What the released code does with one picture at test time, literally (steps_spec 1 and 2).

All three stages of the enhancer run, of which the first alone is used, and the decoder gives five
disparities, of which the first is.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from steps_ros.bench.literal_networks import LiteralNetworks


class ForwardPass(NamedTuple):
    """The enhanced picture (B, 3, H, W), and disparities (B, 1, H / 2**i, W / 2**i)."""

    enhanced: Tensor
    disparities: list[Tensor]


@torch.no_grad()
def forward_pass(networks: LiteralNetworks, colour: Tensor, grey: Tensor) -> ForwardPass:
    """
    Predict for a batch.

    :param networks: in eval mode.
    :param colour: (B, 3, H, W) RGB in [0, 1]; ``grey`` (B, 1, H, W), likewise.
    """
    light = networks.enhancer(grey).illuminations[0]
    enhanced = torch.clamp(colour / light, 0, 1)
    return ForwardPass(enhanced, networks.depth(enhanced))
