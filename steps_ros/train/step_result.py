"""
What one step of training computes.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from steps_ros.train.objective_settings import ObjectiveSettings


class Losses(NamedTuple):
    """
    The terms of the objective before weighing, each a scalar; 0 where a part is left out.

    ``illumination`` (the enhancer's own), ``reconstruction`` and ``smoothness`` are means over
    scales.
    """

    illumination: Tensor
    reconstruction: Tensor
    smoothness: Tensor
    adversarial: Tensor
    supervision: Tensor
    dark_motion: Tensor
    odometry: Tensor

    def total(self, settings: ObjectiveSettings) -> Tensor:
        """Return the weighted sum that all networks but the discriminator minimise."""
        return (
            settings.illumination_weight * self.illumination
            + settings.reconstruction_weight * self.reconstruction
            + settings.smoothness_weight * self.smoothness
            + settings.adversarial_weight * self.adversarial
            + settings.supervision_weight * self.supervision
            + settings.dark_motion_weight * self.dark_motion
            + settings.odometry_weight * self.odometry
        )

    def scalars(self) -> dict[str, Tensor]:
        """Return the terms by name."""
        return self._asdict()


class ScaleLosses(NamedTuple):
    """The terms that are means over scales, scale by scale, each (scales,)."""

    illumination: Tensor
    reconstruction: Tensor
    smoothness: Tensor


class Panels(NamedTuple):
    """
    Pictures of the batch's first sample without gradient, (3, H, W) or (1, H, W), 0 to 1.

    ``mask`` is M_uc; ``warped`` the previous frame seen from the target's place and ``residual``
    the least photometric loss, None where nothing is rebuilt.
    """

    input: Tensor
    enhanced: Tensor
    disparity: Tensor
    mask: Tensor
    warped: Tensor | None
    residual: Tensor | None


class StepResult(NamedTuple):
    """
    Losses of a step, and what is made of them.

    ``night_disparity`` and ``day_disparity`` (B, 1, H, W), without gradient, are what the
    discriminator compares; None where there is none.
    """

    losses: Losses
    scales: ScaleLosses
    panels: Panels
    night_disparity: Tensor | None = None
    day_disparity: Tensor | None = None
