"""
What the objective remembers from step to step.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from steps_ros.core.image_pool import ImagePool
from steps_ros.core.masks import image_quantile, moving_mean
from steps_ros.train.objective_settings import ObjectiveSettings

Average = Callable[[Tensor], Tensor]


class ObjectiveState:
    """
    The bound of what stands still, and the former fakes of the discriminator.

    :param seed: of the pool's random choices.
    :param average: mean of a number over all training processes; a single one needs none.
    """

    def __init__(
        self, settings: ObjectiveSettings, seed: int = 0, average: Average | None = None
    ) -> None:
        self.settings = settings
        self.pool = ImagePool(settings.pool_size, seed)
        self.static_bound: Tensor | None = None
        self._average = average

    @torch.no_grad()
    def moving(self, difference: Tensor) -> Tensor:
        """
        Update the bound of stillness, and say which pixels differ by more (steps_spec 4.3).

        :param difference: (B, S, H, W), mean absolute difference of S sources to the target.
        :returns: the same shape, 1 where something moves and 0 where all stands still.
        """
        assert self.settings.static_quantile is not None
        share = self.settings.static_quantile
        means = torch.stack(
            [image_quantile(one[:, None], share).mean() for one in difference.unbind(dim=1)]
        )
        if not self.settings.static_each_use:
            means = means.mean().expand(1)
        if self._average is not None:
            means = self._average(means)
        bounds = torch.stack([self._update(mean) for mean in means])
        return (difference > bounds.view(1, -1, 1, 1)).to(difference.dtype)

    def _update(self, value: Tensor) -> Tensor:
        self.static_bound = moving_mean(self.static_bound, value, self.settings.static_momentum)
        return self.static_bound

    def state_dict(self) -> dict[str, Tensor]:
        """Return everything as tensors; an empty one for a bound that is not known yet."""
        bound = torch.empty(0) if self.static_bound is None else self.static_bound
        pool = {f'pool.{name}': value for name, value in self.pool.state_dict().items()}
        return {'static_bound': bound.clone(), **pool}

    def load_state_dict(
        self, state: dict[str, Tensor], device: torch.device | None = None
    ) -> None:
        """Go on where :meth:`state_dict` was taken, with the tensors on ``device``."""
        bound = state['static_bound']
        self.static_bound = bound.to(device, copy=True) if bound.numel() else None
        self.pool.load_state_dict(
            {'samples': state['pool.samples'].to(device), 'random': state['pool.random']}
        )
