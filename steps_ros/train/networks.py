"""
The networks of a training, and which of them an objective needs.
"""

from __future__ import annotations

from torch import nn, Tensor

from steps_ros.core.depth_net import DepthNet, DepthNetConfig
from steps_ros.core.discriminator import Discriminator
from steps_ros.core.illumination import SelfCalibratedEnhancer
from steps_ros.core.pose_net import PoseNet
from steps_ros.errors import CheckpointError
from steps_ros.train.objective_settings import ObjectiveSettings

_REMEDY = 'give back the --init that it began with, or another --out'


class Networks(nn.Module):
    """
    Depth, pose, enhancer, discriminator, and the frozen teacher that knows depth by day.

    :param held: parts that stay in eval mode whatever mode the whole is put into: their
        BatchNorm uses its stored statistics and leaves them as they are. The teacher is held so
        that it stays the network it was; the illumination network so that it sees in training
        what it sees at run time.
    """

    def __init__(
        self,
        depth: DepthNet,
        pose: PoseNet | None = None,
        enhancer: SelfCalibratedEnhancer | None = None,
        discriminator: Discriminator | None = None,
        teacher: DepthNet | None = None,
        held: tuple[str, ...] = ('teacher', 'enhancer.illumination'),
    ) -> None:
        super().__init__()
        self.depth = depth
        self.pose = pose
        self.enhancer = enhancer
        self.discriminator = discriminator
        self.teacher = None if teacher is None else teacher.requires_grad_(False)
        self.held = held
        self.train()

    def train(self, mode: bool = True) -> Networks:
        """Put all parts but the held ones into training mode."""
        super().train(mode)
        for name, module in self.named_modules():
            if name.startswith(self.held):
                module.training = False
        return self

    def load(self, tensors: dict[str, Tensor], where: str) -> None:
        """
        Load the state of all networks.

        :param where: file or folder that a refusal names.
        :raises CheckpointError: a tensor is missing, too many, or of another shape.
        """
        own = self.state_dict()
        for key in own.keys() ^ tensors.keys():
            word = 'lacks' if key in own else 'has no use for'
            raise CheckpointError(
                f'{where}: the training {word} {key}, so it is of other networks; {_REMEDY}'
            )
        for key, value in own.items():
            if value.shape != tensors[key].shape:
                raise CheckpointError(
                    f'{where}: {key} has shape {tuple(tensors[key].shape)}, these networks have '
                    f'{tuple(value.shape)}; {_REMEDY}'
                )
        self.load_state_dict(tensors)


def needed_networks(
    settings: ObjectiveSettings, config: DepthNetConfig, teacher: DepthNet | None = None
) -> Networks:
    """
    Return fresh networks, those that the objective needs and no others.

    :param teacher: the day network; needed where the objective is adversarial.
    """
    is_adversarial = settings.adversarial_weight > 0
    learns_motion = settings.reconstruction_weight > 0
    return Networks(
        depth=DepthNet(config),
        pose=PoseNet(translation_unit=settings.translation_unit) if learns_motion else None,
        enhancer=SelfCalibratedEnhancer() if settings.enhances else None,
        discriminator=Discriminator() if is_adversarial else None,
        teacher=teacher if is_adversarial else None,
        held=settings.held,
    )
