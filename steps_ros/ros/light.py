"""
The light of one camera as the node follows it, and what it says of it.
"""

from __future__ import annotations

from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
import numpy as np
from numpy.typing import NDArray

from steps_ros.inference.blockage import is_blank
from steps_ros.inference.cloud_filters import Corners, corners
from steps_ros.inference.light import measure_light
from steps_ros.inference.light_state import (
    blocked_share,
    follow_light,
    LightSettings,
    LightTrack,
)

# Shares of the picture from which on people should know.
MUCH_BLOCKED, MUCH_GLARE, MUCH_OVER, MUCH_UNDER = 0.1, 0.1, 0.3, 0.8
UNMEASURED = 'not measured: nothing was seen yet, or nobody listens to an output'


class LightWatch:
    """
    Follows the light; :meth:`follow` in the worker's thread, :meth:`status` in any.

    :param publish: is given the status at once when day, dusk or night changes.
    """

    def __init__(self, name: str, publish: Callable[[DiagnosticStatus], None]) -> None:
        self._name = name
        self._publish = publish
        self._track: LightTrack | None = None

    def follow(
        self, image: NDArray[np.uint8], stamp_s: float, settings: LightSettings, bonnet: str
    ) -> float:
        """Take in one picture, (H, W, 3) RGB; return how far the enhancer is to be applied."""
        before = self._track
        track = follow_light(before, stamp_s, measure_light(image), settings)
        self._track = track
        if before is None or before.state != track.state:
            self._publish(self.status(settings, bonnet))
        return track.enhancement

    @property
    def shows_nothing(self) -> bool:
        """Say whether the last picture was black, white, or that of a covered lens."""
        return self._track is not None and is_blank(self._track.sample)

    def status(self, settings: LightSettings, bonnet: str) -> DiagnosticStatus:
        """Return what is known; ``bonnet`` is the parameter ``cloud.bonnet``."""
        return light_status(self._name, self._track, settings, corners('cloud.bonnet', bonnet))


def light_status(
    name: str, track: LightTrack | None, settings: LightSettings, bonnet: Corners = ()
) -> DiagnosticStatus:
    """Return day, dusk or night, and the shares of the picture that are not as they should be."""
    name = f'{name}: light'
    if track is None:
        return DiagnosticStatus(name=name, level=DiagnosticStatus.OK, message=UNMEASURED)
    blocked, seen = blocked_share(track, settings, bonnet), track.sample
    state = track.state.name.lower()
    values = {
        'state': state,
        'mode': settings.mode,
        'enhancement': track.enhancement,
        'level': seen.level,
        'under_exposed': seen.under,
        'over_exposed': seen.over,
        'glare': seen.glare,
        'blocked': blocked,
    }
    pairs = [
        KeyValue(key=key, value=f'{value:.3f}' if isinstance(value, float) else value)
        for key, value in values.items()
    ]
    problem = _problem(track, blocked)
    level = DiagnosticStatus.WARN if problem else DiagnosticStatus.OK
    message = problem or f'{state}, enhancer at {100 * track.enhancement:.0f} %'
    return DiagnosticStatus(name=name, level=level, message=message, values=pairs)


def _problem(track: LightTrack, blocked: float) -> str:
    """Return the gravest thing that people should know, empty for none."""
    seen, state = track.sample, track.state.name.lower()
    if blocked >= 1:
        look = 'white' if seen.over > 0.5 else 'black' if seen.under > 0.5 else 'even'
        return f'the picture is {look} and shows nothing; is the lens covered?'
    if blocked >= MUCH_BLOCKED:
        return f'{_percent(blocked)} of the picture never changes; clean the lens'
    if seen.glare >= MUCH_GLARE:
        return f'{state}, {_percent(seen.glare)} of the picture is glare'
    if seen.over >= MUCH_OVER:
        return f'{state}, {_percent(seen.over)} of the picture is overexposed'
    if seen.under >= MUCH_UNDER:
        return f'{state}, {_percent(seen.under)} of the picture is black'
    return ''


def _percent(share: float) -> str:
    return f'{100 * share:.0f} %'
