"""
What a soak measured, and which of its promises are broken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from steps_ros.ros.soak_plan import clock_jumps, FATES, GOOD, kinds_of, REFUSED
from steps_ros.ros.statistics import Drop

WARM_UP_FRAMES = 2000
MOST_GROWTH_PERCENT = 2.0
LEAST_GOOD_SHARE = 0.9
# The share of the samples at either end that the growth of memory is measured between.
END_SHARE = 0.1


class MemorySample(NamedTuple):
    """The resident memory of the node when so many frames were done."""

    frames: int
    rss_mb: float


class AtRest(NamedTuple):
    """What the node holds while no camera is there; ``segments`` are of cameras that are gone."""

    threads: int
    descriptors: int
    segments: int


@dataclass(frozen=True)
class SoakResult:
    """
    The numbers of a soak.

    ``published`` are depths received, by kind of frame; ``dropped`` the node's own counts;
    ``node_received`` and ``node_published`` what the node counts besides; ``repeated`` depths
    that came twice. ``rests`` has one entry for each shift of the cameras, ``left_behind`` the
    files of shared memory that outlived all processes. ``periods_s`` are those of three
    cameras' frames at the end of each shift.
    """

    frames: int
    published: Mapping[str, int]
    dropped: Mapping[str, int]
    repeated: int = 0
    node_received: int = 0
    node_published: int = 0
    memory: Sequence[MemorySample] = ()
    rests: Sequence[AtRest] = ()
    left_behind: Sequence[str] = ()
    rates_hz: Sequence[float] = ()
    duration_s: float = 0.0
    engine: str = ''
    problem: str = ''
    is_interrupted: bool = False

    @property
    def unaccounted(self) -> int:
        """Frames of which nothing is known."""
        return self.frames - sum(self.published.values()) - sum(self.dropped.values())

    @property
    def good(self) -> int:
        """Good frames that were sent."""
        return kinds_of(self.frames)[GOOD]

    @property
    def good_share(self) -> float:
        """The share of the good frames that came out."""
        return self.published.get(GOOD, 0) / self.good if self.good else 1.0

    @property
    def rss_growth_percent(self) -> float:
        """By how much memory grew after the warm-up; 0 where that was not reached."""
        samples = self._warm()
        if len(samples) < 2:
            return 0.0
        count = max(1, round(END_SHARE * len(samples)))
        first, last = median(samples[:count]), median(samples[-count:])
        return 100 * (last / first - 1)

    @property
    def leaked(self) -> AtRest:
        """What the node holds more after the last shift than after the first, or for nothing."""
        if not self.rests:
            return AtRest(0, 0, 0)
        first, last = self.rests[0], self.rests[-1]
        return AtRest(
            max(0, last.threads - first.threads),
            max(0, last.descriptors - first.descriptors),
            last.segments,
        )

    def plain(self) -> dict[str, Any]:
        """Return everything as JSON takes it; the names of the command line's contract first."""
        leaked, rss = self.leaked, [sample.rss_mb for sample in self.memory]
        sent = kinds_of(self.frames)
        return {
            'frames': self.frames,
            'published': sum(self.published.values()),
            'dropped': dict(self.dropped),
            'unaccounted': self.unaccounted,
            'rss_growth_percent': round(self.rss_growth_percent, 2),
            'threads_leaked': leaked.threads,
            'descriptors_leaked': leaked.descriptors,
            'segments_leaked': leaked.segments + len(self.left_behind),
            'good_frames': sent.pop(GOOD, 0),
            'good_published': self.published.get(GOOD, 0),
            'bad_frames': dict(sent),
            'bad_published': {k: n for k, n in self.published.items() if k != GOOD},
            'node_received': self.node_received,
            'node_published': self.node_published,
            'shifts': len(self.rests),
            'clock_jumps': clock_jumps(self.frames) + max(0, len(self.rests) - 1),
            'rate_hz': [round(rate, 1) for rate in self.rates_hz],
            'rss_mb': {'first': _ends(rss)[0], 'last': _ends(rss)[1], 'most': max(rss, default=0)},
            'threads': self.rests[-1].threads if self.rests else 0,
            'descriptors': self.rests[-1].descriptors if self.rests else 0,
            'duration_s': round(self.duration_s, 1),
            'engine': self.engine,
            'interrupted': self.is_interrupted,
        }

    def broken_promises(self) -> list[str]:
        """Return one line for each promise that was not kept."""
        if self.problem:
            return [self.problem]
        return [said for said, is_broken in self._promises() if is_broken]

    def _promises(self) -> list[tuple[str, bool]]:
        leaked, failed = self.leaked, self.dropped.get(Drop.FAILED, 0)
        taken = {k: n for k, n in self.published.items() if n and FATES[k] == REFUSED}
        return [
            (
                f'{self.unaccounted} of {self.frames} frames neither came out nor were counted '
                f'as dropped; the node received {self.node_received} and published '
                f'{self.node_published}',
                self.unaccounted != 0,
            ),
            (f'{self.repeated} depths came twice', self.repeated > 0),
            (
                f'{100 * self.good_share:.1f} % of the good frames came out, fewer than '
                f'{100 * LEAST_GOOD_SHARE:.0f} %: {dict(self.dropped)}',
                self.good_share < LEAST_GOOD_SHARE,
            ),
            (f'frames that cannot be used came out: {taken}', bool(taken)),
            (f'{failed} frames failed for a reason that the node does not know', failed > 0),
            (
                f'memory grew by {self.rss_growth_percent:.2f} % after the warm-up, more than '
                f'{MOST_GROWTH_PERCENT:g} %',
                self.rss_growth_percent >= MOST_GROWTH_PERCENT,
            ),
            (f'{leaked.threads} threads leaked', leaked.threads > 0),
            (f'{leaked.descriptors} file descriptors leaked', leaked.descriptors > 0),
            (f'{leaked.segments} segments of shared memory leaked', leaked.segments > 0),
            (f'left in shared memory: {", ".join(self.left_behind)}', bool(self.left_behind)),
        ]

    def _warm(self) -> list[float]:
        """Return the memory after the warm-up, which in a short soak is its first half."""
        begin = min(WARM_UP_FRAMES, self.frames // 2)
        return [sample.rss_mb for sample in self.memory if sample.frames >= begin]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return (values[0], values[-1]) if values else (0.0, 0.0)
