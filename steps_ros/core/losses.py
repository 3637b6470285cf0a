"""
Losses of the enhancer and of the discriminator (steps_spec 1.4 and 3).

The enhancer's smoothness compares each pixel with its 24 neighbours in a 5x5 window; every
unordered pair is listed once here and counted twice.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from steps_ros.core.illumination import Stages

NEIGHBOURS = (
    (1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2),
    (2, 1), (2, -1), (1, 2), (1, -2), (2, 2), (2, -2),
)  # fmt: skip
SMOOTHNESS_SIGMA = 10.0
FIDELITY_WEIGHT = 0.5
YCBCR_FROM_RGB = (
    (0.257, 0.564, 0.098),
    (-0.148, -0.291, 0.439),
    (0.439, -0.368, -0.071),
)
YCBCR_OFFSET = (16 / 255, 128 / 255, 128 / 255)


def pseudo_ycbcr(image: Tensor) -> Tensor:
    """
    Colour-convert consecutive triples of the tensor in memory order, as SCI does.

    On an NCHW tensor a triple is three neighbours in a row and not a colour; released weights
    were trained so. A last incomplete triple is filled with zeros.

    :param image: (B, C, H, W).
    :returns: the same shape.
    """
    flat = image.reshape(-1)
    triples = functional.pad(flat, (0, -flat.numel() % 3)).view(-1, 3)
    matrix, offset = image.new_tensor(YCBCR_FROM_RGB), image.new_tensor(YCBCR_OFFSET)
    return (triples @ matrix.T + offset).view(-1)[: flat.numel()].view(image.shape)


def _pair(image: Tensor, down: int, right: int) -> tuple[Tensor, Tensor]:
    """Return the image and itself shifted, both cropped to where the two overlap."""
    height, width = image.shape[-2:]
    here = image[..., : height - down, max(0, -right) : width - max(0, right)]
    there = image[..., down:, max(0, right) : width - max(0, -right)]
    return here, there


def illumination_smoothness(guide: Tensor, illumination: Tensor) -> Tensor:
    """
    Sum of weighted differences to the 24 neighbours, each offset averaged over its region.

    :param guide: (B, C, H, W), the stage input that sets the weights.
    :param illumination: (B, C, H, W), clamped.
    :returns: scalar.
    """
    colour = pseudo_ycbcr(guide)
    total = illumination.new_zeros(())
    for down, right in NEIGHBOURS:
        here, there = _pair(colour, down, right)
        distance = (here - there).square().sum(dim=1, keepdim=True)
        weight = torch.exp(-distance / (2 * SMOOTHNESS_SIGMA**2))
        here, there = _pair(illumination, down, right)
        total = total + (weight * (here - there).abs().sum(dim=1, keepdim=True)).mean()
    return 2 * total


def sie_loss(stages: Stages, fidelity_weight: float = FIDELITY_WEIGHT) -> Tensor:
    """
    Fidelity and smoothness of every stage's illumination to its input, summed.

    :param stages: of :class:`steps_ros.core.illumination.SelfCalibratedEnhancer`.
    :param fidelity_weight: 0.5 in STEPS, 1.5 in SCI.
    :returns: scalar.
    """
    total = stages.inputs[0].new_zeros(())
    for stage_input, illumination in zip(stages.inputs, stages.illuminations, strict=True):
        fidelity = functional.mse_loss(illumination.clamped, stage_input)
        smoothness = illumination_smoothness(stage_input, illumination.clamped)
        total = total + fidelity_weight * fidelity + smoothness
    return total


def lsgan_loss(scores: Tensor, *, real: bool) -> Tensor:
    """
    Squared distance of discriminator scores to 1 (real) or 0 (fake), unreduced.

    :param scores: (B, 1, h, w).
    :returns: the same shape.
    """
    return (scores - float(real)).square()
