"""
What a training minimises: weights of the losses and what they look at.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import get_args, Literal

from steps_ros.core.illumination import STAGES
from steps_ros.core.masks import LightBounds
from steps_ros.errors import SettingsError

Look = Literal['raw', 'enhanced', 'equalised']
SCALES = 5


@dataclass(frozen=True)
class ObjectiveSettings:
    """
    Weights and switches of the objective; a weight of 0 leaves a part out, and its networks.

    The defaults are STEPS as its paper has it. Frames have three looks: ``raw``; ``enhanced`` by
    the enhancer; ``equalised``, which is enhanced (raw without an enhancer) and then equalised.

    :param enhances: there is an enhancer, and it learns.
    :param joint: what the enhanced frames are used for teaches the enhancer too; else it learns
        from its own loss alone.
    :param network_sees: look of the frames that depth and pose networks get.
    :param loss_sees: look of the frames that the reconstruction compares.
    :param illumination_weight: of the enhancer's own loss.
    :param reconstruction_weight: of the photometric loss, from which motion is learned.
    :param adversarial_weight: of deceiving the discriminator, and of the discriminator's loss.
    :param supervision_weight: of the loss against known depth.
    :param dark_motion_weight: of the pose network saying of frames in little light what it says of
        them as they are. For day drives, where what is learned of motion shall hold by night.
    :param odometry_weight: of the pose network going as far as odometry tells, where it was
        recorded; the frames are then rebuilt with that length, in the direction and with the turn
        of the network. 0: the network alone says how far.
    :param scales: number of disparity maps that the losses use, finest first.
    :param equalise_limit: greatest share of the pixels that one level may have.
    :param static_quantile: share of the pixels that hardly differ from their neighbours in time;
        the running mean of that quantile is the bound of what stands still. None: no such mask.
    :param auto_mask: unmoved frames compete with warped ones, and where they explain a pixel best
        nothing is learned from it; False while motion itself is unknown.
    :param light: bounds of the uncertainty mask M_uc. None: no such mask.
    :param light_stage: stage of the enhancer whose illumination M_uc reads; 1 enhances the frames.
    :param identity_noise: spread of the noise that breaks ties between unmoved frames.
    :param pool_size: former night disparities that the discriminator is shown again.
    :param translation_unit: of the pose network's translation, metres; the released code has 0.01,
        with which motion of metres is out of reach of a few thousand steps.
    :param one_illumination: the target's illumination serves its neighbours too.
    :param frames_apart: every frame passes the networks alone, and the enhancer runs all stages on
        every frame and scale, as in the released code; else frames go together, the enhancer's
        first stage on all and the later ones on the target.
    :param align_corners: False is the released code's inconsistent sampling.
    :param static_each_use: the bound of stillness is updated at every scale and source, as in the
        released code; else once a step.
    :param light_weighs_identity: M_uc weighs a pixel whichever candidate explains it; else the
        reprojected candidates alone, as in the released code without the static mask.
    :param equalises_twice: coarser scales are equalised again, as in the released code.
    :param held: parts of the networks whose statistics stay as they are in training: a network's
        name, or that of one of its parts.
    """

    enhances: bool = True
    joint: bool = True
    network_sees: Look = 'enhanced'
    loss_sees: Look = 'enhanced'
    illumination_weight: float = 0.15
    reconstruction_weight: float = 1.0
    smoothness_weight: float = 1e-3
    adversarial_weight: float = 4e-4
    supervision_weight: float = 0.0
    dark_motion_weight: float = 0.0
    odometry_weight: float = 0.0
    scales: int = SCALES
    equalise_limit: float = 0.004
    static_quantile: float | None = 0.2
    static_momentum: float = 0.98
    auto_mask: bool = True
    light: LightBounds | None = LightBounds()  # noqa: RUF009
    light_stage: int = 1
    identity_noise: float = 1e-5
    pool_size: int = 50
    translation_unit: float = 0.3
    one_illumination: bool = False
    frames_apart: bool = False
    align_corners: bool = True
    static_each_use: bool = False
    light_weighs_identity: bool = True
    equalises_twice: bool = False
    held: tuple[str, ...] = ('teacher', 'enhancer.illumination')

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` for what cannot be."""
        for name in (field.name for field in fields(self) if field.name.endswith('_weight')):
            _require(getattr(self, name) >= 0, name, self, 'at least 0')
        _require(1 <= self.scales <= SCALES, 'scales', self, f'1 to {SCALES}')
        _require(0 < self.equalise_limit <= 1, 'equalise_limit', self, 'above 0, at most 1')
        _require(0 <= self.static_momentum < 1, 'static_momentum', self, 'at least 0, below 1')
        quantile = 0 if self.static_quantile is None else self.static_quantile
        _require(0 <= quantile <= 1, 'static_quantile', self, 'from 0 to 1')
        _require(1 <= self.light_stage <= STAGES, 'light_stage', self, f'1 to {STAGES}')
        _require(self.translation_unit > 0, 'translation_unit', self, 'above 0')
        _require(self.identity_noise >= 0, 'identity_noise', self, 'at least 0')
        _require(self.pool_size >= 0, 'pool_size', self, 'at least 0')
        for name in ('network_sees', 'loss_sees'):
            looks = get_args(Look) if self.enhances else ('raw', 'equalised')
            _require(getattr(self, name) in looks, name, self, f'one of {", ".join(looks)}')
        _require(self.enhances or self.light is None, 'light', self, 'None without an enhancer')
        is_found = self.reconstruction_weight > 0 and self.network_sees == 'raw'
        words = '0 without motion from the frames'
        has_motion = self.reconstruction_weight > 0
        _require(has_motion or not self.odometry_weight, 'odometry_weight', self, words)
        words = '0 without motion from raw frames'
        _require(is_found or not self.dark_motion_weight, 'dark_motion_weight', self, words)


def _require(holds: bool, name: str, settings: ObjectiveSettings, range_: str) -> None:
    if not holds:
        raise SettingsError(f'{name} {getattr(settings, name)!r}: must be {range_}')
