"""
Which triplets a step sees: drawn from the seed and the number of the step, and nothing else.

Triplets come in an endless row, one shuffled epoch after the other; step k takes the k-th handful.
So a training that goes on at step k sees what the straight one would have seen, any number of
triplets and any size of batch will do, and several processes take their shares of one handful.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.errors import SettingsError

Indices = NDArray[np.int64]

# What is drawn, so that no two draws share their numbers.
_ORDER, _FLIPS, _PAIRS = 0, 1, 2


def epoch_order(seed: int, epoch: int, count: int) -> Indices:
    """Return 0 to below ``count``, shuffled; the same for the same numbers, everywhere."""
    return _shuffled((seed, epoch, _ORDER), count)


def day_order(seed: int, epoch: int, night_count: int, day_count: int) -> Indices:
    """
    Return which day triplet goes with each position of a night epoch (spec 5.4).

    A shuffled order of the day triplets, begun again where the night is longer, cut where it is
    shorter; another one each epoch.
    """
    order = _shuffled((seed, epoch, _PAIRS), day_count)
    return order[np.arange(night_count) % day_count]


class Draw(NamedTuple):
    """
    The triplets of one step: ``night`` (B,) and which of them are mirrored; ``day`` likewise.

    ``day`` is None where no day drive was given.
    """

    night: Indices
    night_flips: NDArray[np.bool_]
    day: Indices | None
    day_flips: NDArray[np.bool_]


@dataclass(frozen=True)
class Drawing:
    """
    How the triplets of every step are drawn.

    ``batch`` triplets a step for each of ``world`` processes, of which this one is ``rank``: all
    of them together draw what one process with ``batch * world`` would draw.
    """

    night_count: int
    batch: int
    seed: int = 0
    day_count: int = 0
    flips: bool = True
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        """Raise :class:`SettingsError` for numbers out of range."""
        if min(self.night_count, self.batch, self.world) < 1 or self.day_count < 0:
            raise SettingsError(
                f'{self.night_count} triplets, batch {self.batch}, {self.world} processes: each '
                'must be at least 1'
            )
        if not 0 <= self.rank < self.world or self.seed < 0:
            raise SettingsError(
                f'rank {self.rank} of {self.world} with seed {self.seed}: the rank must be below '
                'the number of processes, the seed not negative'
            )

    @property
    def steps_per_epoch(self) -> int:
        """Return after how many steps every triplet was seen about once, at least 1."""
        return max(1, round(self.night_count / (self.batch * self.world)))

    def draw(self, step: int) -> Draw:
        """Return the triplets of this process at a step, from 0."""
        start = (step * self.world + self.rank) * self.batch
        epochs, places = np.divmod(np.arange(start, start + self.batch), self.night_count)
        counts = (self.night_count, self.day_count)
        drawn = [
            _epoch(self.seed, epoch, *counts)[:, places[epochs == epoch]]
            for epoch in range(int(epochs[0]), int(epochs[-1]) + 1)
        ]
        night, night_flips, day, day_flips = np.concatenate(drawn, 1)
        return Draw(
            night,
            self.flips & (night_flips > 0),
            day if self.day_count else None,
            self.flips & (day_flips > 0),
        )


@lru_cache(maxsize=4)
def _epoch(seed: int, epoch: int, night_count: int, day_count: int) -> Indices:
    """Return (4, night_count): night triplet, its flip, day triplet, its flip."""
    flips = (_raw((seed, epoch, _FLIPS), 2 * night_count) & np.uint64(1)).reshape(2, -1)
    night, day = epoch_order(seed, epoch, night_count), np.zeros(night_count, np.int64)
    if day_count:
        day = day_order(seed, epoch, night_count, day_count)
    return np.stack([night, flips[0].astype(np.int64), day, flips[1].astype(np.int64)])


def _shuffled(seed: tuple[int, ...], count: int) -> Indices:
    return np.argsort(_raw(seed, count), kind='stable').astype(np.int64)


def _raw(seed: tuple[int, ...], count: int) -> NDArray[np.uint64]:
    """Return 64-bit numbers; numpy promises this stream for ever, unlike that of a permutation."""
    return np.asarray(np.random.PCG64(np.random.SeedSequence(seed)).random_raw(count), np.uint64)
