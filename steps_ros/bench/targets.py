"""
What the package aims at on a machine of two cores, and whether this run got there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

AT_LEAST, AT_MOST = 'at least', 'at most'
MET, MISSED, NOT_MEASURED = 'met', 'missed', 'not measured'
PREDICTOR_SIZE, MEMORY_FRAMES = '320x576', 5000
# So many times as fast as in float32, matrix products in bfloat16 have units of their own.
UNITS_FACTOR = 2.0


class Target(NamedTuple):
    """
    A bound of a value that a benchmark found.

    ``path`` leads to the value in the JSON file; ``given`` holds paths and the values that must be
    there for the target to be that of this run.
    """

    what: str
    path: tuple[str, ...]
    sense: str
    bound: float
    unit: str
    given: tuple[tuple[str, object], ...] = ()


class Verdict(NamedTuple):
    """A target, what was measured of it (None: nothing), and whether it was met."""

    what: str
    sense: str
    bound: float
    unit: str
    measured: float | None
    verdict: str

    @property
    def text(self) -> str:
        """Return a line for people."""
        measured = '' if self.measured is None else f'{self.measured:.4g}'
        bound = f'{self.sense} {self.bound:g} {self.unit}'
        return f'{self.what:<65} {bound:<20} {measured:>9}  {self.verdict}'


TIMES, MS = 'times', 'ms'
AT_SIZE = (('predictor_size', PREDICTOR_SIZE),)
TARGETS = (
    Target(
        'ResNet-18, predictor against the literal reference, bfloat16',
        ('predictor_vs_reference',), AT_LEAST, 9.0, TIMES, (*AT_SIZE, ('has_bfloat16', True)),
    ),
    Target(
        'ResNet-18, the same in float32, depth within 1e-4',
        ('float32_vs_reference',), AT_LEAST, 1.7, TIMES, AT_SIZE,
    ),
    Target(
        'default weights, predictor against the literal reference, float32',
        ('default_float32_vs_reference',), AT_LEAST, 3.0, TIMES, AT_SIZE,
    ),
    Target(
        'ResNet-18, predictor against the bare network',
        ('predictor_vs_network',), AT_MOST, 1.15, TIMES, AT_SIZE,
    ),
    Target(
        'default weights, predictor against the bare network, float32',
        ('default_float32_vs_network',), AT_MOST, 1.15, TIMES, AT_SIZE,
    ),
    Target(
        'node at 1600x900, callback entry to last publish, less networks',
        ('node_overhead_ms', '1600x900'), AT_MOST, 20.0, MS,
    ),
    Target(
        'node at 640x480, callback entry to last publish, less networks',
        ('node_overhead_ms', '640x480'), AT_MOST, 8.0, MS,
    ),
    Target(
        'node, default weights at 192x320, over DDS, float32',
        ('node_frames_per_s', 'float32'), AT_LEAST, 25.0, 'frames/s',
    ),
    Target(
        'the same in bfloat16',
        ('node_frames_per_s', 'bfloat16'), AT_LEAST, 25.0, 'frames/s', (('has_bfloat16', True),),
    ),
    Target(
        '4 cameras of one node against 1, over DDS',
        ('node_cameras_cost', '4'), AT_MOST, 4.2, TIMES,
    ),
    Target(
        f'memory of the node over {MEMORY_FRAMES} frames grows',
        ('memory_growth_percent',), AT_MOST, 1.0, '%', (('memory_frames', MEMORY_FRAMES),),
    ),
    Target('first depth after process start, warm cache', ('first_depth_s',), AT_MOST, 4.0, 's'),
)  # fmt: skip


def verdicts(values: Mapping[str, Any], ceiling_gflops: Mapping[str, float]) -> list[Verdict]:
    """
    Hold what was measured against all targets.

    :param values: of all parts, as in the JSON file.
    :param ceiling_gflops: rates of a large matrix product by number type.
    """
    rates = [ceiling_gflops.get(name, 0.0) for name in ('bfloat16', 'float32')]
    found = {**values, 'has_bfloat16': rates[0] >= UNITS_FACTOR * rates[1] > 0}
    return [_verdict(target, found) for target in TARGETS]


def _verdict(target: Target, values: Mapping[str, Any]) -> Verdict:
    measured: Any = values
    for key in target.path:
        measured = measured.get(key) if isinstance(measured, Mapping) else None
    if any(values.get(name) != wanted for name, wanted in target.given):
        measured = None
    return Verdict(
        target.what, target.sense, target.bound, target.unit, measured, _word(target, measured)
    )


def _word(target: Target, measured: float | None) -> str:
    if measured is None:
        return NOT_MEASURED
    is_met = measured >= target.bound if target.sense == AT_LEAST else measured <= target.bound
    return MET if is_met else MISSED
