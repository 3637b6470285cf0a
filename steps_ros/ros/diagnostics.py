"""
What the node says of itself, once a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from steps_ros.ros.calibration import CALIBRATED, NO_CAMERA_INFO, Sight, WAITING
from steps_ros.ros.image_input import InfoState, InputState
from steps_ros.ros.memory import resident_mb
from steps_ros.ros.model import Model
from steps_ros.ros.names import DROPPED, DROPPED_FOR
from steps_ros.ros.statistics import Drop, Percentiles, Snapshot

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
ACTIVE = 'active'
# The transition that each state waits for; out of any other state but active leads none.
NEXT = {'unconfigured': 'configure', 'inactive': 'activate'}


class CameraState(NamedTuple):
    """What is reported of one camera; ``previous`` is the snapshot of the report before."""

    name: str
    input: InputState
    info: InfoState
    calibration: Sight
    light: DiagnosticStatus
    scale: DiagnosticStatus
    snapshot: Snapshot
    previous: Snapshot
    image_timeout_s: float


class NodeState(NamedTuple):
    """
    Everything that the report is made of; what exists only in later states is None or empty.

    ``ignored`` are parameters that were given and are none of the node's;
    ``namesakes`` counts the other nodes of the same name.
    """

    name: str
    lifecycle: str
    problem: str
    is_enabled: bool
    model: Model | None
    cameras: tuple[CameraState, ...]
    ignored: tuple[str, ...]
    namesakes: int


def report(state: NodeState) -> list[DiagnosticStatus]:
    """Return one status per subject that exists in the node's present state."""
    statuses = [_lifecycle(state), _memory(state)]
    if state.model is not None:
        statuses.append(_model(state, state.model))
    for camera in state.cameras:
        statuses += [_input(camera), _output(camera), _timing(camera)]
        statuses += [_calibration(camera), camera.scale, camera.light]
    return statuses


def namesake_words(state: NodeState) -> str:
    """Return what is wrong with several nodes of one name, and the remedy."""
    return (
        f'{state.namesakes + 1} nodes are named /{state.name} and publish on the same topics; '
        'stop one, or give it another name with -r __node:=NAME; one that was killed counts for '
        'some 20 s more'
    )


def _lifecycle(state: NodeState) -> DiagnosticStatus:
    values = {
        'state': state.lifecycle,
        'enabled': str(state.is_enabled).lower(),
        'ignored_parameters': ', '.join(state.ignored),
    }
    if state.problem:
        return _status(f'{state.name}: state', ERROR, state.problem, values)
    if state.namesakes:
        return _status(f'{state.name}: state', WARN, namesake_words(state), values)
    if state.lifecycle != ACTIVE:
        return _status(f'{state.name}: state', WARN, _inactive_words(state), values)
    if not state.is_enabled:
        return _status(f'{state.name}: state', WARN, 'paused by ~/enable', values)
    return _status(f'{state.name}: state', OK, state.lifecycle, values)


def _inactive_words(state: NodeState) -> str:
    step = NEXT.get(state.lifecycle)
    if step is None:
        return f'{state.lifecycle}: it publishes nothing; start the node anew'
    return (
        f'{state.lifecycle}: nobody activated it, so it publishes nothing; set autostart:=true or '
        f'run ros2 lifecycle set /{state.name} {step}'
    )


def _memory(state: NodeState) -> DiagnosticStatus:
    rss = resident_mb()
    return _status(f'{state.name}: memory', OK, f'{rss:.0f} MB', {'rss_mb': f'{rss:.1f}'})


def _model(state: NodeState, model: Model) -> DiagnosticStatus:
    values = {
        **model.described,
        'engine': model.engine,
        'device': model.device,
        'precision': model.precision,
        'network_size': model.network_size,
        'checkpoint': model.checkpoint,
        **model.now(),
    }
    if not model.has_depth:
        message = 'the checkpoint holds no depth network: enhanced image and confidence only'
        return _status(f'{state.name}: model', WARN, message, values)
    message = f'{values["engine"]} on {model.device}, {values["precision"]}'
    return _status(f'{state.name}: model', OK, message, values)


def _input(state: CameraState) -> DiagnosticStatus:
    now, source = state.snapshot, state.input
    values = {
        'topic': source.topic,
        'publishers': source.publisher_count,
        'reliability': source.reliability,
        'received': now.received,
        'rate_hz': f'{now.input_rate_hz:.2f}',
        'age_s': f'{now.input_age_s:.2f}',
    }
    name = f'{state.name}: input'
    if now.input_age_s > state.image_timeout_s:
        hint = source.hint or f'{source.publisher_count} publishers of {source.topic} are silent'
        message = f'no image for {now.input_age_s:.1f} s; {hint}'
        return _status(name, ERROR, message, values)
    if source.hint:
        return _status(name, WARN, source.hint, values)
    return _status(name, OK, f'{now.input_rate_hz:.1f} Hz', values)


def _output(state: CameraState) -> DiagnosticStatus:
    now = state.snapshot
    values: dict[str, Any] = {
        'rate_hz': f'{now.output_rate_hz:.2f}',
        'published': now.published,
        DROPPED: sum(now.dropped.values()),
        **{f'{DROPPED_FOR}{reason}': count for reason, count in sorted(now.dropped.items())},
        'last_problem': now.last_problem,
    }
    name = f'{state.name}: output'
    fresh = Counter(now.dropped)
    fresh.subtract(state.previous.dropped)
    for reason in (Drop.FAILED, Drop.BAD_FRAME):
        if fresh[reason] > 0:
            message = f'{fresh[reason]} frames dropped: {now.last_problem}'
            return _status(name, WARN, message, values)
    is_silent = now.published == state.previous.published and now.output_rate_hz == 0
    if is_silent and fresh[Drop.SUPERSEDED] > 0:
        message = (
            f'nothing comes out and {fresh[Drop.SUPERSEDED]} frames were superseded: '
            'the model is busy; it may be building an engine, which the log says, else lower '
            'network_size'
        )
        return _status(name, WARN, message, values)
    return _status(name, OK, f'{now.output_rate_hz:.1f} Hz', values)


def _timing(state: CameraState) -> DiagnosticStatus:
    now = state.snapshot
    values = {
        **_percentiles('latency_ms', now.latency_ms),
        **_percentiles('model_ms', now.model_ms),
        **_percentiles('overhead_ms', now.overhead_ms),
        **_percentiles('predict_ms', now.predict_ms),
    }
    message = 'no frame yet'
    if now.published:
        message = f'stamp to publish {now.latency_ms.p50:.0f} ms, model {now.model_ms.p50:.0f} ms'
    return _status(f'{state.name}: timing', OK, message, values)


def _calibration(state: CameraState) -> DiagnosticStatus:
    sight, info = state.calibration, state.info
    values: dict[str, Any] = {
        'state': sight.state,
        'picture': sight.picture,
        'topic': info.topic,
        'publishers': info.publisher_count,
    }
    if sight.camera is not None:
        seen = sight.camera
        pinhole = {'fx': seen.fx, 'fy': seen.fy, 'cx': seen.cx, 'cy': seen.cy}
        values |= {name: f'{value:.2f}' for name, value in pinhole.items()}
    level = OK if sight.state in (CALIBRATED, WAITING) else WARN
    message = sight.state
    if message == NO_CAMERA_INFO and info.hint:
        message = f'{message}; {info.hint}'
    return _status(f'{state.name}: calibration', level, message, values)


def _percentiles(name: str, values: Percentiles) -> dict[str, str]:
    return {
        f'{name}.{percentile}': f'{value:.2f}' for percentile, value in values._asdict().items()
    }


def _status(name: str, level: bytes, message: str, values: Mapping[str, Any]) -> DiagnosticStatus:
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(name=name, level=level, message=message, values=pairs)
