"""
Histogram equalisation with limited contrast, one mapping for all frames of a triplet.

RNW's mapping-consistent image enhancement (steps_spec 4.5): the mapping of each channel comes from
the target frame and serves its neighbours too, so that a thing keeps its brightness from frame to
frame. It is a table of integers: no gradient passes through it.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = 256


@torch.no_grad()
def equalising_tables(image: Tensor, limit: float) -> Tensor:
    """
    Return the table of each channel that spreads its levels evenly.

    Bins of more than ``limit`` of all pixels are cut and the excess is dealt out to all bins.
    Levels below the first that occurs map to 0. Every histogram is valid, also one that leaves
    bins empty, where the released tensor code fails.

    :param image: (B, C, H, W), in [0, 1].
    :param limit: share of the pixels, more than 0.
    :returns: (B, C, 256), whole numbers from 0 to 255.
    """
    batch, channels, height, width = image.shape
    bins = (image * 255 * (LEVELS / 255)).long().clamp_(0, LEVELS - 1)
    bins = bins.reshape(batch * channels, -1)
    counts = torch.zeros(batch * channels, LEVELS, device=image.device)
    counts.scatter_add_(1, bins, torch.ones((), device=image.device).expand_as(bins))
    most = int(height * width * limit)
    excess = (counts - most).clamp_min(0).sum(dim=1, keepdim=True)
    total = (counts.clamp_max(most) + (excess / LEVELS).round()).cumsum(dim=1)
    first = total.masked_fill(total == 0, torch.inf).amin(dim=1, keepdim=True)
    spread = (total - first) * 255 / (total[:, -1:] - first)
    return spread.nan_to_num(0, 0, 0).clamp_min(0).floor().view(batch, channels, LEVELS)


@torch.no_grad()
def equalise(image: Tensor, tables: Tensor) -> Tensor:
    """
    Look every value up in its channel's table.

    :param image: (B, C, H, W), in [0, 1].
    :param tables: (B, C, 256), of :func:`equalising_tables`.
    :returns: (B, C, H, W), whole multiples of 1/255 in [0, 1].
    """
    levels = (image * 255).long().clamp_(0, LEVELS - 1)
    looked_up = tables.to(image.dtype).gather(2, levels.flatten(2))
    return looked_up.view(image.shape) / 255
