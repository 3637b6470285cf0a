"""
Times of training steps, as numbers and as a text for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from steps_ros.bench.machine import Machine


@dataclass(frozen=True)
class StepTimes:
    """
    How long a step took, round by round.

    ``gigaflop`` counts products and sums of one step; ``parts`` are mean seconds by part.
    """

    name: str
    seconds: tuple[float, ...]
    gigaflop: float
    parts: dict[str, float]

    @property
    def median_s(self) -> float:
        """Return the median over the rounds."""
        return median(self.seconds)


@dataclass(frozen=True)
class Ratio:
    """How many times as fast: the median of the rounds, and what half of them lie between."""

    name: str
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Speed:
    """
    A measurement; ``size`` is (height, width).

    The first of ``steps`` is what the others are compared with; ``gemm_gflops`` are the rates of a
    large matrix product, round by round.
    """

    machine: Machine
    size: tuple[int, int]
    batch: int
    gemm_gflops: tuple[float, ...]
    steps: tuple[StepTimes, ...]

    def ratios(self) -> list[Ratio]:
        """Compare every step with the first, round by round."""
        first, *others = self.steps
        return [_ratio(first, other) for other in others]

    def plain(self) -> dict[str, Any]:
        """Return names and numbers alone, for JSON."""
        return {
            'machine': self.machine._asdict(),
            'size': list(self.size),
            'batch': self.batch,
            'gemm_gflops': list(self.gemm_gflops),
            'steps': {item.name: self._plain_step(item) for item in self.steps},
            'times_as_fast': {
                item.name: {'median': item.median, 'half_within': [item.low, item.high]}
                for item in self.ratios()
            },
        }

    def _plain_step(self, item: StepTimes) -> dict[str, Any]:
        return {
            'median_s': item.median_s,
            'samples_per_s': self.batch / item.median_s,
            'gigaflop': item.gigaflop,
            'share_of_gemm': self._share(item),
            'seconds': list(item.seconds),
            'parts_s': item.parts,
        }

    def _share(self, item: StepTimes) -> float:
        """Return which share of its time the step would take at the rate of GEMM."""
        return item.gigaflop / item.median_s / median(self.gemm_gflops)

    def text(self) -> str:
        """Return tables for people."""
        machine, (height, width) = self.machine, self.size
        first = self.steps[0].name
        lines = [
            f'{machine.name}, {machine.threads} threads, torch {machine.torch}, load before '
            f'{machine.load:.1f}',
            f'{height}x{width}, batch {self.batch}, ResNet-18, {len(self.gemm_gflops)} rounds, '
            f'medians; GEMM {median(self.gemm_gflops):.0f} GFLOP/s',
            '',
            _row('', 's a step', 'samples/s', 'GFLOP', 'of GEMM', f'x {first}'),
        ]
        faster = ['', *(f'{ratio.median:.2f}' for ratio in self.ratios())]
        for item, times in zip(self.steps, faster, strict=True):
            cells = (
                f'{item.median_s:.3f}',
                f'{self.batch / item.median_s:.2f}',
                f'{item.gigaflop:.0f}',
                f'{self._share(item):.0%}',
                times,
            )
            lines.append(_row(item.name, *cells))
        lines += ['', _row('ms by part', *(item.name for item in self.steps))]
        for part in self.steps[0].parts:
            lines.append(_row(part, *(f'{1000 * item.parts[part]:.1f}' for item in self.steps)))
        return '\n'.join(lines)


def _ratio(first: StepTimes, other: StepTimes) -> Ratio:
    ratios = [slow / fast for slow, fast in zip(first.seconds, other.seconds, strict=True)]
    low, middle, high = quantiles(ratios, n=4) if len(ratios) > 1 else 3 * ratios
    return Ratio(other.name, middle, low, high)


def _row(name: str, *cells: str) -> str:
    return f'{name:<22}' + ''.join(f'{cell:>12}' for cell in cells)
