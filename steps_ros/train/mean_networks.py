"""
The running mean of the networks that a node will use, steadier than the last step's.
"""

from __future__ import annotations

from typing import cast

from torch import nn, Tensor
from torch.optim.swa_utils import AveragedModel

from steps_ros.core.depth_net import DepthNet
from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.train.networks import Networks


class MeanNetworks(nn.Module):
    """
    Running means of the weights and statistics of depth network and enhancer.

    :param networks: whose weights are followed.
    :param decay: as of :func:`running_mean`.
    """

    def __init__(self, networks: Networks, decay: float) -> None:
        super().__init__()
        enhancer = networks.enhancer
        self.depth = running_mean(networks.depth, decay)
        self.enhancer = None if enhancer is None else running_mean(enhancer, decay)

    def update(self, networks: Networks) -> None:
        """Take in the weights of one more step."""
        self.depth.update_parameters(networks.depth)
        if self.enhancer is not None and networks.enhancer is not None:
            self.enhancer.update_parameters(networks.enhancer)

    def instead(self, networks: Networks) -> Networks:
        """Return networks that share all but depth network and enhancer with the given ones."""
        return Networks(
            cast(DepthNet, self.depth.module),
            networks.pose,
            None if self.enhancer is None else cast(SelfCalibratedEnhancer, self.enhancer.module),
            networks.discriminator,
            networks.teacher,
            networks.held,
        )


def running_mean(network: nn.Module, decay: float) -> AveragedModel:
    """
    Return a mean that follows a network's weights and statistics; update it after every step.

    :param decay: share of the former mean that a step leaves; less in the first steps, so that
        the mean forgets where it began.
    """

    def mean_of(mean: Tensor, value: Tensor, count: Tensor | int) -> Tensor:
        if not mean.is_floating_point():
            return value
        steps = int(count)
        return mean.lerp(value, 1 - min(decay, (1 + steps) / (10 + steps)))

    return AveragedModel(network, avg_fn=mean_of, use_buffers=True)
