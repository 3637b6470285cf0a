"""
The released step's light: enhancer, its loss, M_uc, equalisation (steps_spec 1.4, 4.5, 4.6).

Tensors travel under (name, frame, scale), frames 0, -1 and 1, as they do in the released code.
"""

from __future__ import annotations

import torch
from torch import nn, Tensor
from torch.nn import functional

from steps_ros.bench.literal_networks import Enhancer, Stages

Table = dict[tuple[str, int, int], Tensor]

FRAMES = (0, -1, 1)
SCALES = range(5)
NEIGHBOURS = tuple(
    (down, right) for down in range(-2, 3) for right in range(-2, 3) if (down, right) != (0, 0)
)
SIGMA = 10.0
FIDELITY_WEIGHT = 0.5
YCBCR = ((0.257, -0.148, 0.439), (0.564, -0.291, -0.368), (0.098, 0.439, -0.071))
YCBCR_OFFSET = (16 / 255, 128 / 255, 128 / 255)
DARK_SHARE, BRIGHT_SHARE, LEAST_BRIGHT, DECAY = 0.1, 0.9, 0.92, 5.0
EQUALISE_LIMIT = 0.004


def relight(inputs: Table, enhancer: Enhancer) -> list[Tensor]:
    """
    Enhance every frame at every scale by itself, and leave the results in ``inputs``.

    :returns: the enhancer's loss at each scale, of the target alone.
    """
    losses = []
    for scale in SCALES:
        for frame in FRAMES:
            grey, colour = inputs['grey', frame, scale], inputs['colour', frame, scale]
            stages = enhancer(grey)
            if frame == 0:
                losses.append(enhancer_loss(stages) / len(SCALES))
            # Of the former step's gradients, which are dropped before they are used.
            nn.utils.clip_grad_norm_(enhancer.parameters(), 5)
            if frame == 0 and scale == 0:
                inputs['light_mask', 0, 0] = light_mask(stages.last_raw).detach()
            illumination = stages.illuminations[0]
            illumination = torch.cat((illumination, illumination, illumination), dim=1)
            inputs['enhanced', frame, scale] = torch.clamp(colour / illumination, 0, 1)
    return losses


def enhancer_loss(stages: Stages) -> Tensor:
    """Return fidelity and smoothness, summed over the stages."""
    total = torch.zeros((), device=stages.last_raw.device)
    for stage_input, illumination in zip(stages.inputs, stages.illuminations, strict=True):
        fidelity = functional.mse_loss(illumination, stage_input)
        total = total + FIDELITY_WEIGHT * fidelity + smoothness(stage_input, illumination)
    return total


def smoothness(guide: Tensor, illumination: Tensor) -> Tensor:
    """Return the weighted differences to each of the 24 neighbours, one after the other."""
    guide = pseudo_ycbcr(guide)
    total = torch.zeros((), device=guide.device)
    for down, right in NEIGHBOURS:
        here, there = shifted(guide, down, right)
        distance = torch.sum(torch.pow(here - there, 2), dim=1, keepdim=True)
        weight = torch.exp(-distance / (2 * SIGMA * SIGMA))
        here, there = shifted(illumination, down, right)
        difference = torch.norm(here - there, 1, dim=1, keepdim=True)
        total = total + torch.mean(weight * difference)
    return total


def shifted(image: Tensor, down: int, right: int) -> tuple[Tensor, Tensor]:
    """Return the image and its shifted self where both are known."""
    height, width = image.shape[-2:]
    here = image[:, :, max(0, -down) : height - max(0, down)]
    there = image[:, :, max(0, down) : height - max(0, -down)]
    here = here[..., max(0, -right) : width - max(0, right)]
    there = there[..., max(0, right) : width - max(0, -right)]
    return here, there


def pseudo_ycbcr(image: Tensor) -> Tensor:
    """Convert every three values that follow each other in memory as if they were a colour."""
    matrix = torch.tensor(YCBCR, device=image.device)
    offset = torch.tensor(YCBCR_OFFSET, device=image.device)
    return (image.contiguous().view(-1, 3).mm(matrix) + offset).view(image.shape)


def light_mask(light: Tensor) -> Tensor:
    """Return M_uc of each image, (B, 1, H, W): 0 where light is exactly at a bound."""
    return torch.stack([_mask_of_one(image) for image in light.clamp(min=1e-4)])


def _mask_of_one(light: Tensor) -> Tensor:
    low = light.min() + DARK_SHARE * (light.median() - light.min())
    high = light.max() - BRIGHT_SHARE * (light.max() - light.median())
    high = torch.clamp(high, min=LEAST_BRIGHT)
    under, within, over = light < low, (light > low) * (light < high), light > high
    dark = under / (1 + under * (light - low) ** 2 * DECAY**2)
    bright = over / (1 + over * (light - high) ** 2 * DECAY**2)
    return within + dark + bright


def equalise_frames(inputs: Table) -> None:
    """
    Replace the enhanced frames by equalised ones; the coarser scales are equalised twice.

    The mapping of each image comes from its enhanced target, anew at every scale.
    """
    target = inputs['enhanced', 0, 0]
    height, width = target.shape[-2:]
    for scale in SCALES:
        size = (height // 2**scale, width // 2**scale)
        done: dict[int, list[Tensor]] = {frame: [] for frame in FRAMES}
        for index in range(len(target)):
            mappings = [mapping(channel) for channel in target[index]]
            for frame in FRAMES:
                image = mapped(inputs['enhanced', frame, 0][index], mappings)[None]
                if scale != 0:
                    image = functional.interpolate(image, size, mode='area')
                done[frame].append(image)
        for frame in FRAMES:
            inputs['enhanced', frame, scale] = torch.cat(done[frame])


def mapping(channel: Tensor) -> Tensor:
    """Return the 256 new levels of one channel, (H, W)."""
    counts = torch.histc(channel.detach() * 255, bins=256, min=0, max=255)
    most = int(channel.numel() * EQUALISE_LIMIT)
    excess = torch.clamp(counts - most, min=0).sum()
    counts = torch.clamp(counts, max=most) + torch.round(excess / 256)
    total = torch.cumsum(counts, 0)
    occurring = total[total > 0]
    least, greatest = occurring.min(), occurring.max()
    levels = (total - least) * 255 / (greatest - least)
    return torch.clamp(levels, min=0).to(torch.uint8)


def mapped(image: Tensor, mappings: list[Tensor]) -> Tensor:
    """Look every value of (3, H, W) up in the mapping of its channel."""
    channels = [
        levels[(channel * 255).long()] for channel, levels in zip(image, mappings, strict=True)
    ]
    return torch.stack(channels).float() / 255
