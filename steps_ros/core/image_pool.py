"""
Former fakes for the discriminator, so that it does not forget them (steps_spec 3).
"""

from __future__ import annotations

import random

import torch
from torch import Tensor


class ImagePool:
    """
    Up to ``size`` former samples, of which some are handed out in place of new ones.

    Until the pool is full every sample is returned and kept. Afterwards, by the toss of a coin, a
    sample is returned as it is, or kept in exchange for a random former one. The coin is the
    pool's own, and :meth:`state_dict` holds it too.

    :param size: number of samples kept; 0 returns all samples as they are.
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        self.size = size
        self._random = random.Random(seed)
        self._samples: list[Tensor] = []

    def exchange(self, samples: Tensor) -> Tensor:
        """
        Hand samples in and as many out.

        :param samples: (B, C, H, W), without gradient.
        :returns: (B, C, H, W).
        """
        if self.size == 0:
            return samples
        return torch.stack([self._exchange(sample) for sample in samples])

    def _exchange(self, sample: Tensor) -> Tensor:
        if len(self._samples) < self.size:
            self._samples.append(sample.clone())
            return sample
        if self._random.uniform(0, 1) > 0.5:
            place = self._random.randint(0, self.size - 1)
            former, self._samples[place] = self._samples[place], sample.clone()
            return former
        return sample

    def state_dict(self) -> dict[str, Tensor]:
        """Return the samples, (N, C, H, W), and the state of the coin, whole numbers."""
        _, state, _ = self._random.getstate()
        samples = torch.stack(self._samples) if self._samples else torch.empty(0)
        return {'samples': samples, 'random': torch.tensor(state, dtype=torch.int64)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on where :meth:`state_dict` was taken; samples stay on the device they are on."""
        self._samples = list(state['samples'].unbind())
        version = self._random.getstate()[0]
        self._random.setstate((version, tuple(state['random'].tolist()), None))
