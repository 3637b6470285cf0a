"""
The training step of the released code (STEPS, nuScenes configuration), as steps_spec 5 tells it.

Everything is done where the released code does it, and as often: three stages of the enhancer on
every frame and scale, one image after the other, grids and masks made anew at every scale. Its
losses are those of ``RELEASED_STEPS_NUSCENES``.
"""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Adam

from steps_ros.bench.literal_depth import (
    predict_motion,
    reconstruction_losses,
    smoothness_losses,
    StaticBound,
)
from steps_ros.bench.literal_light import equalise_frames, relight, Table
from steps_ros.bench.literal_networks import DepthNet, Discriminator, LiteralNetworks

LEARNING_RATE, ENHANCER_DECAY = 1e-4, 3e-4
ENHANCER_WEIGHT, ADVERSARIAL_WEIGHT = 0.15, 4e-4
POOL_SIZE = 50


class LiteralTraining:
    """
    Networks, optimisers and memory of the released training.

    ``step`` is one step on a night and a day batch as the released loader hands them over:
    ``colour`` (B, 3, H, W) and ``grey`` (B, 1, H, W), in [0, 1], of all frames at all scales, and
    under frame 0, scale 0 the ``camera`` (B, 4, 4) and its ``inverse_camera``.
    """

    def __init__(self, networks: LiteralNetworks) -> None:
        self.networks = networks.train()
        self.bound = StaticBound()
        self.pool: list[Tensor] = []
        generator = [*networks.depth.parameters(), *networks.pose.parameters()]
        groups: list[dict[str, Any]] = [
            {'params': generator},
            {'params': [*networks.enhancer.parameters()], 'weight_decay': ENHANCER_DECAY},
        ]
        self.optimiser = Adam(groups, LEARNING_RATE)
        self.critic = Adam(networks.discriminator.parameters(), LEARNING_RATE)

    def step(self, night: Table, day: Table, noise: Tensor | None = None) -> Table:
        """
        Take one step of all networks.

        :param noise: standard normal values (scales, B, 2, H, W); drawn where there are none.
        :returns: losses as they are summed, (name, 0, scale): ``illumination``,
            ``reconstruction`` and ``smoothness`` of each scale, ``adversarial``, ``total`` and
            ``discriminator``, without gradient.
        """
        networks, inputs = self.networks, dict(night)
        illumination = relight(inputs, networks.enhancer)
        equalise_frames(inputs)
        outputs = predict_disparities(inputs, networks.depth)
        outputs |= predict_motion(inputs, networks.pose)
        reconstruction = reconstruction_losses(inputs, outputs, self.bound, noise)
        smoothness = smoothness_losses(inputs, outputs)
        night_map = position_map(outputs['disparity', 0, 0])
        day_map = teach(day, networks.teacher)
        adversarial = deceive(networks.discriminator, night_map)
        total = (
            ADVERSARIAL_WEIGHT * adversarial
            + sum(reconstruction)
            + sum(smoothness)
            + ENHANCER_WEIGHT * sum(illumination)
        )
        _descend(self.optimiser, total)
        critic = self.criticise(day_map, night_map.detach())
        _descend(self.critic, ADVERSARIAL_WEIGHT * critic)
        terms = {
            'illumination': illumination,
            'reconstruction': reconstruction,
            'smoothness': smoothness,
            'adversarial': [adversarial],
            'total': [total],
            'discriminator': [critic],
        }
        return {
            (name, 0, scale): value.detach()
            for name, values in terms.items()
            for scale, value in enumerate(values)
        }

    def criticise(self, day_map: Tensor, night_map: Tensor) -> Tensor:
        """Return how badly the discriminator tells day from night of now or before."""
        discriminator = self.networks.discriminator.requires_grad_(True)
        shown = torch.stack([self._pooled(sample) for sample in night_map])
        return _distance(discriminator(day_map), 1) + _distance(discriminator(shown), 0)

    def _pooled(self, sample: Tensor) -> Tensor:
        if len(self.pool) < POOL_SIZE:
            self.pool.append(sample)
            return sample
        if random.uniform(0, 1) > 0.5:
            place = random.randint(0, POOL_SIZE - 1)
            former, self.pool[place] = self.pool[place], sample
            return former
        return sample


def predict_disparities(inputs: Table, depth: DepthNet) -> Table:
    """Return the target's disparities."""
    disparities = depth(inputs['enhanced', 0, 0])
    return {('disparity', 0, scale): value for scale, value in enumerate(disparities)}


def teach(day: Table, teacher: DepthNet) -> Tensor:
    """Return the discriminator's maps of the day, as the teacher sees it."""
    with torch.no_grad():
        colour = day['colour', 0, 0]
        disparity = teacher(colour)[0]
        size = [*colour.shape[-2:]]
        disparity = functional.interpolate(disparity, size, mode='bilinear', align_corners=False)
    return position_map(disparity)


def position_map(disparity: Tensor) -> Tensor:
    """Return rows, columns, and disparity over its mean, (B, 3, H, W)."""
    batch, _, height, width = disparity.shape
    rows = torch.arange(height, device=disparity.device).view(1, 1, height, 1) / (height - 1)
    columns = torch.arange(width, device=disparity.device).view(1, 1, 1, width) / (width - 1)
    rows, columns = rows.repeat(batch, 1, 1, width), columns.repeat(batch, 1, height, 1)
    relative = disparity / disparity.mean(3, keepdim=True).mean(2, keepdim=True)
    return torch.cat((rows, columns, relative), dim=1)


def deceive(discriminator: Discriminator, night_map: Tensor) -> Tensor:
    """Return how far night is from being taken for day; the discriminator does not learn."""
    return _distance(discriminator.requires_grad_(False)(night_map), 1)


def _distance(scores: Tensor, wanted: float) -> Tensor:
    return functional.mse_loss(scores, torch.full_like(scores, wanted))


def _descend(optimiser: Adam, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
