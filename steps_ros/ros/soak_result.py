"""
What a soak measured, and which of its promises are broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from steps_ros.ros.names import CLOCK
from steps_ros.ros.soak_ledger import LOST
from steps_ros.ros.soak_plan import clock_jumps, ENDS, frame_of, GOOD, kinds_of, OUT, SoakFrame
from steps_ros.ros.statistics import Drop

WARM_UP_FRAMES = 2000
MOST_GROWTH_PERCENT = 2.0
LEAST_GOOD_SHARE = 0.9
MOST_NAMED = 10
# The share of the samples at either end that the growth of memory is measured between.
END_SHARE = 0.1


class MemorySample(NamedTuple):
    """The resident memory of the node when so many frames were done."""

    frames: int
    rss_mb: float


class AtRest(NamedTuple):
    """
    What the node holds while no camera is there, after so many frames.

    ``segments`` are of cameras that are gone.
    """

    frames: int
    threads: int
    descriptors: int
    segments: int


@dataclass(frozen=True)
class SoakResult:
    """
    The numbers of a soak.

    ``ends`` says how each frame ended, in their order; see :mod:`soak_plan` for what may be.
    ``dropped`` are the node's own counts, ``node_received`` and ``node_published`` what it counts
    besides; ``named`` the drops that it named, frame by frame, and ``published`` the depths that
    came. ``strangers`` came or were dropped without having been sent. ``clock_jumps`` are seen
    on the clock's topic, ``hurried_ticks`` followed at once upon the one before. ``rests`` has
    one entry for each shift of the cameras, ``left_behind`` the files of shared memory that
    outlived all processes, ``rates_hz`` frames of all cameras a second at each shift's end;
    ``widest`` is the width of the widest camera, pixels.
    """

    frames: int
    ends: Sequence[str]
    dropped: Mapping[str, int]
    named: Mapping[str, int] = field(default_factory=dict)
    published: int = 0
    strangers: int = 0
    node_received: int = 0
    node_published: int = 0
    clock_jumps: int = 0
    restarts: int = 0
    pauses: int = 0
    hurried_ticks: int = 0
    memory: Sequence[MemorySample] = ()
    rests: Sequence[AtRest] = ()
    left_behind: Sequence[str] = ()
    rates_hz: Sequence[float] = ()
    widest: int = 640
    duration_s: float = 0.0
    engine: str = ''
    problem: str = ''
    is_interrupted: bool = False

    @property
    def unaccounted(self) -> int:
        """Frames of which nothing is known, by the sums alone."""
        return self.frames - self.published - sum(self.dropped.values())

    @property
    def by_kind(self) -> dict[str, dict[str, int]]:
        """How often each kind of frame ended in which way."""
        counts: dict[str, Counter[str]] = {}
        for number, end in enumerate(self.ends):
            counts.setdefault(frame_of(number).kind, Counter())[end] += 1
        return {kind: dict(ends) for kind, ends in sorted(counts.items())}

    @property
    def wrong(self) -> list[str]:
        """Each frame that ended as its kind must not: its number, kind and end."""
        kinds = ((number, frame_of(number).kind, end) for number, end in enumerate(self.ends))
        return [
            f'{number} {kind} {end}'
            for number, kind, end in kinds
            if end not in (*ENDS[kind], Drop.SUPERSEDED)
        ]

    @property
    def good(self) -> int:
        """Good frames that were sent."""
        return kinds_of(self.frames)[GOOD]

    @property
    def good_out(self) -> list[SoakFrame]:
        """The good frames that came out."""
        frames = (frame_of(number) for number, end in enumerate(self.ends) if end == OUT)
        return [frame for frame in frames if frame.kind == GOOD]

    @property
    def good_share(self) -> float:
        """The share of the good frames that came out."""
        return len(self.good_out) / self.good if self.good else 1.0

    @property
    def rss_growth_percent(self) -> float:
        """By how much memory grew after the warm-up; 0 where that is not judged."""
        samples = self._warm()
        if self.memory_judged_from is None:
            return 0.0
        count = max(1, round(END_SHARE * len(samples)))
        first, last = median(samples[:count]), median(samples[-count:])
        return 100 * (last / first - 1)

    @property
    def memory_judged_from(self) -> int | None:
        """The frame from which on growth counts; None where too little was seen to tell."""
        return self._warm_from if len(self._warm()) > 1 else None

    @property
    def leaks_judged_between(self) -> tuple[int, int] | None:
        """The frames after which threads and descriptors are compared; None for no two."""
        if len(self.rests) < 2:
            return None
        return self.rests[0].frames, self.rests[-1].frames

    @property
    def leaked(self) -> AtRest:
        """What the node holds more after the last shift than after the first, or for nothing."""
        if not self.rests:
            return AtRest(0, 0, 0, 0)
        first, last = self.rests[0], self.rests[-1]
        return AtRest(
            last.frames - first.frames,
            max(0, last.threads - first.threads),
            max(0, last.descriptors - first.descriptors),
            last.segments,
        )

    def plain(self) -> dict[str, Any]:
        """Return everything as JSON takes it; the names of the command line's contract first."""
        leaked, rss = self.leaked, [sample.rss_mb for sample in self.memory]
        sent, out = kinds_of(self.frames), self.good_out
        sizes = ('x'.join(map(str, frame.camera.size(self.widest))) for frame in out)
        return {
            'frames': self.frames,
            'published': self.published,
            'dropped': dict(self.dropped),
            'unaccounted': self.unaccounted,
            'rss_growth_percent': round(self.rss_growth_percent, 2),
            'threads_leaked': leaked.threads,
            'descriptors_leaked': leaked.descriptors,
            'segments_leaked': leaked.segments + len(self.left_behind),
            'memory_judged_from': self.memory_judged_from,
            'leaks_judged_between': self.leaks_judged_between,
            'good_frames': sent.pop(GOOD, 0),
            'good_published': len(out),
            'good_published_by': {
                'camera': Counter(frame.camera.name for frame in out),
                'encoding': Counter(frame.encoding for frame in out),
                'size': Counter(sizes),
            },
            'bad_frames': dict(sent),
            'ends': self.by_kind,
            'wrong': self.wrong,
            'node_received': self.node_received,
            'node_published': self.node_published,
            'restarts': self.restarts,
            'clock_jumps': self.clock_jumps,
            'pauses': self.pauses,
            'hurried_ticks': self.hurried_ticks,
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
        leaked, wrong = self.leaked, self.wrong
        heard = sum(end != LOST for end in self.ends)
        planned = clock_jumps(self.frames)
        return [
            (
                f'{len(wrong)} of {self.frames} frames ended as they must not: '
                f'{", ".join(wrong[:MOST_NAMED])}',
                bool(wrong),
            ),
            (f'{self.strangers} outputs and drops are of no frame', self.strangers > 0),
            (
                f'the node counts {self.node_received} frames received, {self.node_published} '
                f'published and {dict(self.dropped)} dropped; of {self.frames} sent {heard} were '
                f'heard of, {self.published} as depth and {dict(self.named)} as dropped',
                self._counts() != (self.frames, self.published, dict(self.named)),
            ),
            (
                f'{100 * self.good_share:.1f} % of the good frames came out, fewer than '
                f'{100 * LEAST_GOOD_SHARE:.0f} %: {dict(self.dropped)}',
                self.good_share < LEAST_GOOD_SHARE,
            ),
            (
                f'time went back {self.clock_jumps} times on {CLOCK} and not {planned} times',
                self.clock_jumps != planned,
            ),
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

    def _counts(self) -> tuple[int, int, dict[str, int]]:
        return self.node_received, self.node_published, dict(self.dropped)

    @property
    def _warm_from(self) -> int:
        """The end of the warm-up, which in a short soak is its first half."""
        return min(WARM_UP_FRAMES, self.frames // 2)

    def _warm(self) -> list[float]:
        """Return the memory after the warm-up."""
        return [sample.rss_mb for sample in self.memory if sample.frames >= self._warm_from]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return (values[0], values[-1]) if values else (0.0, 0.0)
