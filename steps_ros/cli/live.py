"""
The part of ``steps-ros evaluate`` that plays a bag through the live node.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from steps_ros.errors import StepsError
from steps_ros.eval.report import Finding, Judgement, Report

if TYPE_CHECKING:
    from steps_ros.ros.live_run import LiveRun

LIVE_FOLDER = 'live'
# Of a recording that does not say whether its depth is in metres.
UNKNOWN_SCALE = 'unknown'


def play_live(arguments: argparse.Namespace) -> LiveRun:
    """
    Play the bag through the node into ``OUT/live``.

    :raises StepsError: no ROS here, bad input, or no depth came out.
    """
    try:
        from steps_ros.ros.live import LiveSettings, run_live
    except ImportError as error:
        raise StepsError(
            f'--live needs ROS 2, and {error.name} cannot be imported: source its setup.bash, or '
            'leave --live out'
        ) from error
    height_width = arguments.size
    return run_live(
        LiveSettings(
            bag=arguments.input[0],
            out=arguments.out / LIVE_FOLDER,
            image_topic=arguments.image_topic,
            camera_info_topic=arguments.camera_info_topic,
            rate_factor=arguments.rate_factor,
            checkpoint=arguments.checkpoint,
            device=arguments.device,
            precision=arguments.precision,
            engine=arguments.engine,
            light=arguments.light,
            network_size='{}x{}'.format(*height_width) if height_width else '',
            metric_scale=arguments.metric_scale,
            overwrite=arguments.overwrite,
        )
    )


def read_recorded(recording: Path) -> LiveRun | None:
    """Return the pace of a run that was recorded elsewhere; None where it cannot be told."""
    from steps_ros.ros.live_run import read_live_run

    with suppress(StepsError, KeyError):
        run = read_live_run(recording)
        return run if run.frames_in else None
    return None


def describe_run(run: LiveRun) -> dict[str, object]:
    """Return what a report says of the node and of what became of the frames."""
    return {
        'method': 'live node',
        'recording': str(run.recording),
        'engine': run.engine,
        'device': run.device,
        'precision': run.precision,
        'network size': run.network_size,
        'checkpoint': run.checkpoint,
        **run.model,
        'scale': run.scale or UNKNOWN_SCALE,
        'frames sent': run.frames_in,
        'frames received': run.frames_out,
        'frames dropped': dict(run.dropped_by_reason),
    }


def with_pace(report: Report, run: LiveRun) -> Report:
    """Return the report with latency, rates and drops of a live run."""
    numbers = {
        f'live.{name}.{key}': value
        for name in ('latency_ms', 'model_ms')
        for key, value in getattr(run, name)._asdict().items()
    }
    rates = {f'live.rate_hz.{name}': topic.rate_hz for name, topic in run.topics.items()}
    counts = {'live.frames_in': run.frames_in, 'live.frames_out': run.frames_out}
    latency = run.latency_ms
    answer = (
        f'{run.frames_out} of {run.frames_in} frames came out, {latency.p50:.0f} ms after the '
        f'image (p50; p95 {latency.p95:.0f} ms, p99 {latency.p99:.0f} ms)'
    )
    if run.is_partial:
        answer += '; the run was broken off'
    judgement: Judgement = 'good' if not run.dropped else 'unclear'
    return replace(
        report,
        is_partial=report.is_partial or run.is_partial,
        summary={**report.summary, **counts, **numbers, **rates, 'live.behind_s': run.behind_s},
        findings=(*report.findings, Finding('Does the node keep up?', judgement, answer)),
    )
