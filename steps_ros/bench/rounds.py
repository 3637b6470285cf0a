"""
Rounds of a benchmark: one of each in each round, so that what else a machine does meets all alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from tqdm import tqdm

from steps_ros.bench.machine import gemm_rate


class Rounds(NamedTuple):
    """Rates of a large matrix product, GFLOP/s, and seconds of each subject, round by round."""

    gemm_gflops: tuple[float, ...]
    seconds: tuple[tuple[float, ...], ...]


def take_rounds(
    subjects: Sequence[Callable[[], float]], count: int, device: torch.device
) -> Rounds:
    """
    Time the subjects in turn, every second round in the reverse order.

    :param subjects: each does its work once and returns the seconds that it took.
    """
    rates: list[float] = []
    seconds: list[list[float]] = [[] for _ in subjects]
    pairs = [*zip(subjects, seconds, strict=True)]
    for number in tqdm(range(count), 'rounds'):
        rates.append(gemm_rate(device))
        for subject, taken in pairs if number % 2 == 0 else reversed(pairs):
            taken.append(subject())
    return Rounds(tuple(rates), tuple(map(tuple, seconds)))
