"""
What a run of the live node amounted to, read from the recording of it, without ROS.

Latency is the time from the receipt of an image to the receipt of the depth with the same stamp,
both on the clock of the recorder: nothing of it depends on stamps, on /clock or on how fast the
input is played.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
import math
from pathlib import Path
import struct
from typing import Any, NamedTuple

from steps_ros.data.bags import Bag, open_bag
from steps_ros.ros.names import (
    COMPRESSED_TOPIC,
    DEPTH,
    DIAGNOSTICS,
    DROPPED_FOR,
    IMAGE_TOPIC,
    NODE,
    of_node,
)
from steps_ros.ros.statistics import Percentiles, percentiles

LOST, INTERRUPTED = 'lost_in_transport', 'interrupted'
DEPTH_TOPIC = of_node(DEPTH)
MILLISECOND_NS = 1e6
# What the node says of its weights beside their path.
OF_THE_MODEL = ('checkpoint_', 'depth_')

# After the four bytes that announce CDR, a message with a header begins with its stamp.
_STAMPS = {True: struct.Struct('<iI'), False: struct.Struct('>iI')}


class Reception(NamedTuple):
    """Messages that came on a topic, and how many a second."""

    count: int
    rate_hz: float

    @property
    def span_s(self) -> float:
        """Seconds from the first message to the last."""
        return (self.count - 1) / self.rate_hz if self.rate_hz else 0.0


@dataclass(frozen=True)
class LiveRun:
    """
    A run of the live node; ``frames_in == frames_out + dropped``.

    ``frames_in`` were sent, ``frames_out`` came back as depth; ``dropped_by_reason`` has the
    node's own counts, and the rest as ``lost_in_transport``, or as ``interrupted`` where
    ``is_partial``. ``latency_ms`` is from receipt of the image to receipt of its depth,
    ``since_stamp_ms`` from the stamp, which says something only where stamps are the time of
    sending; ``model_ms`` is of the node's last 300 frames; NaN where nothing was measured.
    ``topics`` are by name, ``model`` is what else the node says of its weights. ``behind_s`` is
    how much longer than the input's own time it took to play, because reading could not keep up.
    """

    recording: Path
    depth_topic: str
    frames_in: int
    frames_out: int
    dropped: int
    dropped_by_reason: dict[str, int]
    latency_ms: Percentiles
    since_stamp_ms: Percentiles
    model_ms: Percentiles
    topics: dict[str, Reception]
    engine: str
    device: str
    precision: str
    network_size: str
    checkpoint: str
    scale: str
    model: dict[str, str] = field(default_factory=dict)
    behind_s: float = 0.0
    is_partial: bool = False


@dataclass
class _Tally:
    """What is kept of the messages: numbers, no pixels."""

    images_ns: dict[int, int] = field(default_factory=dict)
    depths_ns: dict[int, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    spans_ns: dict[str, tuple[int, int]] = field(default_factory=dict)
    said: dict[str, dict[str, str]] = field(default_factory=dict)
    scales: Counter[str] = field(default_factory=Counter)


def read_live_run(
    recording: Path,
    frames_in: int | None = None,
    behind_s: float = 0.0,
    is_partial: bool = False,
) -> LiveRun:
    """
    Return the numbers of a recording made by :mod:`steps_ros.ros.recorder`.

    :param frames_in: how many frames were sent, where it is known; never taken to be less than
        the images recorded.
    :param behind_s: how much longer it took to play than the input is.
    :param is_partial: the run was broken off.
    :raises SourceError: it cannot be read.
    """
    with open_bag(recording) as bag:
        tally = _tallied(bag)
    sent = max(frames_in or 0, len(tally.images_ns))
    dropped = sent - len(tally.depths_ns)
    rest = INTERRUPTED if is_partial else LOST
    model, timing = (_of(tally, part) for part in ('model', 'timing'))
    return LiveRun(
        recording=recording,
        depth_topic=DEPTH_TOPIC,
        frames_in=sent,
        frames_out=len(tally.depths_ns),
        dropped=dropped,
        dropped_by_reason=_reasons(_of(tally, 'output'), dropped, rest),
        latency_ms=percentiles(_latency_ms(tally)),
        since_stamp_ms=percentiles(
            [(came - stamp) / MILLISECOND_NS for stamp, came in tally.depths_ns.items()]
        ),
        model_ms=_percentiles(timing, 'model_ms'),
        topics={topic: _reception(tally, topic) for topic in sorted(tally.counts)},
        engine=model.get('engine', ''),
        device=model.get('device', ''),
        precision=model.get('precision', ''),
        network_size=model.get('network_size', ''),
        checkpoint=model.get('checkpoint', ''),
        scale=_scale_words(tally.scales),
        model={name: said for name, said in model.items() if name.startswith(OF_THE_MODEL)},
        behind_s=behind_s,
        is_partial=is_partial,
    )


def summary_of(run: LiveRun) -> dict[str, Any]:
    """Return the run's numbers as JSON takes them, None for what was not measured."""
    return {
        'frames_in': run.frames_in,
        'frames_out': run.frames_out,
        'dropped': run.dropped,
        'dropped_by_reason': run.dropped_by_reason,
        'topics': {topic: reception._asdict() for topic, reception in run.topics.items()},
        'latency_ms': percentiles_of(run.latency_ms),
        'model_ms': percentiles_of(run.model_ms),
        'behind_s': round(run.behind_s, 3),
        'engine': run.engine,
        'device': run.device,
        'precision': run.precision,
        'network_size': run.network_size,
        'checkpoint': run.checkpoint,
        'scale': run.scale,
        **run.model,
    }


def percentiles_of(values: Percentiles) -> dict[str, float | None]:
    """Return p50, p95 and p99 as JSON takes them."""
    return {
        name: None if math.isnan(value) else round(value, 3)
        for name, value in values._asdict().items()
    }


def stamp_of(content: Any) -> int:
    """Return the stamp, in nanoseconds, of a serialised message that begins with a header."""
    seconds, nanoseconds = _STAMPS[bool(content[1])].unpack_from(content, 4)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


def frame_id_of(content: Any) -> str:
    """Return the frame_id of a serialised message that begins with a header."""
    # Its length, with the zero byte at its end, follows the stamp.
    length = int.from_bytes(content[12:16], 'little' if content[1] else 'big')
    return bytes(content[16 : 15 + length]).decode(errors='replace')


def last_words(array: Any) -> dict[str, dict[str, str]]:
    """
    Return the values of each status in a DiagnosticArray, by the status' name.

    ``message`` and ``level`` (0 ok, 1 warning, 2 error) are among them.
    """
    said = {}
    for status in array.status:
        level = status.level[0] if isinstance(status.level, bytes) else status.level
        values = {item.key: item.value for item in status.values}
        said[status.name] = {**values, 'message': status.message, 'level': str(level)}
    return said


def _tallied(bag: Bag) -> _Tally:
    tally = _Tally()
    for message in bag.messages([topic.name for topic in bag.topics]):
        topic, receive_ns = message.topic, message.receive_ns
        tally.counts[topic] += 1
        tally.spans_ns[topic] = (tally.spans_ns.get(topic, (receive_ns, 0))[0], receive_ns)
        if topic in (IMAGE_TOPIC, COMPRESSED_TOPIC):
            tally.images_ns.setdefault(stamp_of(message.content), receive_ns)
        elif topic == DEPTH_TOPIC:
            tally.depths_ns.setdefault(stamp_of(message.content), receive_ns)
        elif topic == DIAGNOSTICS:
            tally.said |= last_words(bag.decode(message))
            kind = _of(tally, 'scale').get('scale')
            if kind is not None:
                tally.scales[kind] += 1
    return tally


def _scale_words(kinds: Counter[str]) -> str:
    """Return relative, metric or stale, or how much of the time it was which."""
    if len(kinds) < 2:
        return next(iter(kinds), '')
    total = sum(kinds.values())
    return ', '.join(f'{kind} {count / total:.0%}' for kind, count in kinds.most_common())


def _latency_ms(tally: _Tally) -> list[float]:
    images = tally.images_ns
    return [
        (came - images[stamp]) / MILLISECOND_NS
        for stamp, came in tally.depths_ns.items()
        if stamp in images
    ]


def _of(tally: _Tally, part: str) -> dict[str, str]:
    return tally.said.get(f'{NODE}: {part}', {})


def _reasons(output: dict[str, str], dropped: int, rest: str) -> dict[str, int]:
    """Return the node's own counts, and under ``rest`` what it knows nothing of."""
    reasons = {
        name.removeprefix(DROPPED_FOR): int(count)
        for name, count in output.items()
        if name.startswith(DROPPED_FOR)
    }
    unknown = dropped - sum(reasons.values())
    return {**reasons, rest: unknown} if unknown else reasons


def _percentiles(values: dict[str, str], name: str) -> Percentiles:
    numbers = [values.get(f'{name}.{percentile}', 'nan') for percentile in Percentiles._fields]
    return Percentiles(*map(float, numbers))


def _reception(tally: _Tally, topic: str) -> Reception:
    first_ns, last_ns = tally.spans_ns[topic]
    span_s, count = (last_ns - first_ns) / 1e9, tally.counts[topic]
    return Reception(count, round((count - 1) / span_s, 3) if span_s > 0 else 0.0)
