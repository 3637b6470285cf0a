"""
The scale of one camera's depth as the node follows it, and what it says of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import math
import threading
import time
from typing import NamedTuple, Protocol

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.inference.scale.filter import ScaleFilter
from steps_ros.inference.scale.robust import Measured, Refusal
from steps_ros.inference.scale.seen import Seen
from steps_ros.inference.scale.settings import FIXED, NAN, NONE, ScaleSettings
from steps_ros.inference.scale.state import fixed_scale, RELATIVE, ScaleState

# Measures the scale in a frame; None where the frame is not looked at.
Measure = Callable[[Seen], Measured | None]

UNCALIBRATED = 'the camera is not calibrated'
LOST = 'the camera is not known any more, and depth depends on it: look at its camera_info'
# A network imagines a road there, whose scale is that of its training.
BLANK = 'the picture shows nothing'


class Listened(NamedTuple):
    """The node's input, the topic behind it, its type, and how many publish that there now."""

    name: str
    topic: str
    type_name: str
    publishers: int


class Source(Protocol):
    """
    What measures the scale.

    ``measure`` is None for the sources that need no measurement; ``listened`` returns None for
    those that listen to no topic.
    """

    measure: Measure | None

    def listened(self) -> Listened | None:
        """Look at the publishers as they are now."""


class ScaleWatch:
    """
    Follows the scale; :meth:`follow` in the worker's thread, :meth:`state` in any.

    Time is that of this machine, so that the age of the scale grows without frames too.

    :param publish: is given the status at once when relative, metric or stale changes.
    :param sees_rays: depth depends on the camera, so that a scale is of one camera alone.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        publish: Callable[[DiagnosticStatus], None],
        settings: ScaleSettings,
        sees_rays: bool = False,
    ) -> None:
        self._name = name
        self._source, self._measure = source, source.measure
        self._publish = publish
        self._filter = ScaleFilter(settings)
        self._sees_rays = sees_rays
        self._camera: Camera | None = None
        self._is_lost = False
        self._lock = threading.Lock()
        self._kind = self.state(settings).kind

    @property
    def is_measured(self) -> bool:
        """Say whether the scale is measured in frames."""
        return self._measure is not None

    def follow(
        self,
        frame: Seen | None,
        camera: Camera | None,
        settings: ScaleSettings,
        shows_nothing: bool = False,
    ) -> ScaleState:
        """
        Take in one frame, None where its camera is not known or nothing is measured; return the
        scale for it.

        :param camera: of the picture.
        :param shows_nothing: the picture is blank, and whatever its depth is, it is not seen.
        :raises FrameError: a lens that cannot be.
        """
        measured: Measured | None = Refusal(UNCALIBRATED)
        if frame is not None and self._measure is not None:
            measured = Refusal(BLANK) if shows_nothing else self._measure(frame)
        with self._lock:
            known = self._camera
            is_other = camera is not None and known is not None and not camera.is_like(known)
            if is_other or settings.camera_height != self._filter.settings.camera_height:
                # What was measured by another height or camera says nothing more.
                self._filter = ScaleFilter(settings)
            self._is_lost = self._sees_rays and camera is None and known is not None
            if known is None or is_other:
                self._camera = camera
            self._filter.settings = settings
            if measured is not None:
                self._filter.add(time.monotonic(), measured)
        state = self.state(settings)
        if state.kind is not self._kind:
            self._kind = state.kind
            self._publish(self._status(state))
        return state

    def state(self, settings: ScaleSettings) -> ScaleState:
        """Return what is known now."""
        if settings.source == NONE:
            return RELATIVE
        if self._is_lost:
            return ScaleState(source=settings.source, reason=LOST)
        if settings.source == FIXED:
            return fixed_scale(settings.fixed)
        with self._lock:
            return self._filter.state(time.monotonic())

    def status(self, settings: ScaleSettings) -> DiagnosticStatus:
        """Return what is known, as a message."""
        return self._status(self.state(settings))

    def _status(self, state: ScaleState) -> DiagnosticStatus:
        return scale_status(self._name, state, self._source.listened())


def scale_status(name: str, state: ScaleState, listened: Listened | None) -> DiagnosticStatus:
    """Return the unit of depth, and where it comes from."""
    if listened is not None and not (listened.publishers or state.is_metric):
        missing = f'nothing publishes {listened.type_name} on {listened.topic}'
        state = replace(state, reason=f'{state.reason}; {missing}: remap {listened.name}')
    values = {
        'scale': state.kind.value,
        'source': state.source,
        'value': _number(state.value, 6),
        'spread': _number(state.spread, 3),
        'age_s': _number(state.age_s, 3),
        'reason': state.reason,
    }
    if listened is not None:
        values |= {'topic': listened.topic, 'publishers': str(listened.publishers)}
    is_fine = state.is_metric or state.source == NONE
    return DiagnosticStatus(
        name=f'{name}: scale',
        level=DiagnosticStatus.OK if is_fine else DiagnosticStatus.WARN,
        message=state.text,
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )


def apply_scale(depth: NDArray[np.float32], state: ScaleState, settings: ScaleSettings) -> None:
    """Make depth metric in place, or NaN where it is not and the user wants it so."""
    if state.is_metric:
        depth *= np.float32(state.factor)
    elif settings.when_unhealthy == NAN:
        depth.fill(np.nan)


def _number(value: float, digits: int) -> str:
    return '' if math.isnan(value) else f'{value:.{digits}g}'
