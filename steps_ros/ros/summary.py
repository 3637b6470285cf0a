"""
What the demo found out, from what its processes reported.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from steps_ros.ros.diagnostics import DROPPED
from steps_ros.ros.recorder import TOPICS

NODE = 'night_depth'
LOST = 'lost_in_transport'


def summarise(
    played: Mapping[str, Any], recorded: Mapping[str, Any], label: str
) -> dict[str, Any]:
    """
    Return the summary; ``frames_in == frames_out + dropped`` by construction.

    :param played: the last status of the publisher.
    :param recorded: the last status of the recorder.
    :param label: what the input is called.
    """
    said = recorded['diagnostics']
    output, timing, model, scale = (
        said.get(f'{NODE}: {part}', {}) for part in ('output', 'timing', 'model', 'scale')
    )
    frames_in, frames_out = int(played.get('sent', 0)), int(recorded['frames_out'])
    dropped = frames_in - frames_out
    return {
        'frames_in': frames_in,
        'frames_out': frames_out,
        'dropped': dropped,
        'dropped_by_reason': _reasons(output, dropped),
        'topics': recorded['topics'],
        'latency_ms': {name: _number(value) for name, value in recorded['latency_ms'].items()},
        'model_ms': {name: _number(timing.get(f'model_ms.{name}')) for name in ('p50', 'p95')},
        'engine': model.get('engine', ''),
        'device': model.get('device', ''),
        'precision': model.get('precision', ''),
        'network_size': model.get('network_size', ''),
        'checkpoint': model.get('checkpoint', ''),
        'scale': scale.get('scale', ''),
        'intrinsics': played.get('intrinsics', 'assumed'),
        'input': label,
        'skipped': played.get('skipped', 0),
    }


def silent_topics(summary: Mapping[str, Any]) -> list[str]:
    """Return the topics on which nothing came although something should have."""
    return [topic for topic in TOPICS if not summary['topics'].get(topic, {}).get('count')]


def _reasons(output: Mapping[str, str], dropped: int) -> dict[str, int]:
    """Return the node's own counts; what it knows nothing of was lost between processes."""
    reasons = {
        name.removeprefix(DROPPED): int(count)
        for name, count in output.items()
        if name.startswith(DROPPED)
    }
    lost = dropped - sum(reasons.values())
    return {**reasons, LOST: lost} if lost else reasons


def _number(value: Any) -> float | None:
    number = math.nan if value is None else float(value)
    return None if math.isnan(number) else round(number, 3)
