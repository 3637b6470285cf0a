"""
Day, dusk or night, from one picture after another, and how far the enhancer is applied.

Pure: the state after a picture follows from the state before, the stamp and what was measured.
A change must last, so that neither headlamps nor a bridge make the state flicker, and the
enhancer is faded, so that no frame differs suddenly from the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from statistics import median
from typing import NamedTuple

from steps_ros.errors import SettingsError
from steps_ros.inference.blockage import (
    Blockage,
    blocked_cells,
    follow_blockage,
    is_blank,
    unblocked,
)
from steps_ros.inference.cloud_filters import Corners, usable_pixels
from steps_ros.inference.light import Bytes, CELLS, LightSample, measure_light
from steps_ros.settings import check, setting

# After a longer silence, or a step back in time, the next picture decides by itself.
LONGEST_GAP_S = 5.0
# More pictures than come in the longest dwell; a stamp that stays must not fill the memory.
MOST_WAITING = 2000


class LightState(IntEnum):
    """How much light there is, in rising order."""

    NIGHT = 0
    DUSK = 1
    DAY = 2


LIGHTS = ('auto', 'day', 'dusk', 'night')
ENHANCEMENT = {LightState.NIGHT: 1.0, LightState.DUSK: 0.5, LightState.DAY: 0.0}


@dataclass(frozen=True)
class LightSettings:
    """When it is day, dusk and night, and what follows from it."""

    mode: str = setting(
        'auto',
        'auto measures the light; day, dusk and night are taken as said. Night always enhances.',
        choices=LIGHTS,
    )
    night_level: float = setting(
        60.0, 'Level of the picture below which it is night, of 255.', minimum=1.0, maximum=254.0
    )
    day_level: float = setting(
        95.0, 'Level of the picture above which it is day, of 255.', minimum=1.0, maximum=254.0
    )
    hysteresis: float = setting(
        0.1,
        'Share by which the level must pass a bound before the state changes.',
        minimum=0.0,
        maximum=0.5,
    )
    dwell_s: float = setting(
        0.9, 'How long a change must last before it counts, seconds.', minimum=0.0, maximum=60.0
    )
    fade_s: float = setting(
        1.0,
        'Time from no enhancement to full enhancement and back, seconds.',
        minimum=0.0,
        maximum=60.0,
    )
    blocked_s: float = setting(
        20.0,
        'How long a part of a moving picture must show nothing to count as covered, seconds.',
        minimum=1.0,
        maximum=3600.0,
    )

    def __post_init__(self) -> None:
        """Check the limits, and that dusk has room between night and day."""
        check(self)
        if self.night_level * (1 + self.hysteresis) > self.day_level * (1 - self.hysteresis):
            raise SettingsError(
                f'light.night_level {self.night_level} and light.day_level {self.day_level} are '
                f'closer than light.hysteresis {self.hysteresis} allows; move them apart'
            )


class LightTrack(NamedTuple):
    """
    What is known after a picture.

    ``enhancement`` 0 to 1; ``waiting`` the levels that speak for a change, ``since_s`` the stamp
    of the first of them.
    """

    state: LightState
    enhancement: float
    stamp_s: float
    sample: LightSample
    blockage: Blockage
    waiting: tuple[float, ...] = ()
    since_s: float = 0.0


def follow_light(
    before: LightTrack | None, stamp_s: float, sample: LightSample, settings: LightSettings
) -> LightTrack:
    """
    Return what is known after one more picture.

    :param before: after the picture before; None for the first one, which decides by itself.
    """
    elapsed_s = -1.0 if before is None else stamp_s - before.stamp_s
    if before is None or not 0 <= elapsed_s <= LONGEST_GAP_S:
        forced = _forced(settings)
        state = _first_state(before, sample, settings) if forced is None else forced
        blockage = unblocked(stamp_s, sample)
        return LightTrack(state, ENHANCEMENT[state], stamp_s, sample, blockage)
    now = before._replace(
        stamp_s=stamp_s,
        sample=sample,
        blockage=follow_blockage(before.blockage, stamp_s, elapsed_s, sample),
    )
    now = _changed(now, settings)
    most = 1.0 if settings.fade_s <= 0 else elapsed_s / settings.fade_s
    missing = ENHANCEMENT[now.state] - now.enhancement
    return now._replace(enhancement=now.enhancement + max(-most, min(most, missing)))


def enhancement_alone(image: Bytes, mode: str = 'auto') -> float:
    """
    Return how far a single picture, (H, W, 3) uint8 RGB, is to be enhanced, 0 to 1.

    :param mode: one of :data:`LIGHTS`; ``auto`` goes by the picture's light.
    """
    settings = LightSettings(mode)
    forced = _forced(settings)
    if forced is not None:
        return ENHANCEMENT[forced]
    return follow_light(None, 0.0, measure_light(image), settings).enhancement


def blocked_share(track: LightTrack, settings: LightSettings, bonnet: Corners = ()) -> float:
    """
    Return the share of the picture that is covered; 1 where nothing at all is seen.

    :param bonnet: corners of the own vehicle, shares of width and height; it never changes
        and does not count.
    """
    if track.blockage.blank_s >= max(settings.dwell_s, 0.5):
        return 1.0
    blocked = blocked_cells(track.blockage, settings.blocked_s)
    return float((blocked & usable_pixels(CELLS, 1, bonnet, ())).mean())


def _changed(now: LightTrack, settings: LightSettings) -> LightTrack:
    """Return the state after this picture, changed where enough pictures agree."""
    forced = _forced(settings)
    if forced is not None:
        return now._replace(state=forced, waiting=())
    level = now.sample.level
    # A blank picture says nothing: covered by day and dark by night look the same.
    wanted = now.state if is_blank(now.sample) else _state_of(level, now.state, settings)
    if wanted == now.state:
        return now._replace(waiting=())
    is_same_way = bool(now.waiting) and (
        _state_of(now.waiting[-1], now.state, settings) > now.state
    ) == (wanted > now.state)
    waiting = (*now.waiting, level)[-MOST_WAITING:] if is_same_way else (level,)
    since_s = now.since_s if is_same_way else now.stamp_s
    if now.stamp_s - since_s < settings.dwell_s:
        return now._replace(waiting=waiting, since_s=since_s)
    # The middle one of the levels: the last may be a flash.
    state = _state_of(median(waiting), now.state, settings)
    return now._replace(state=state, waiting=())


def _state_of(level: float, state: LightState, settings: LightSettings) -> LightState:
    """Return the state that a level speaks for, with bounds that are harder to pass than keep."""
    margin = settings.hysteresis
    night = settings.night_level * (1 - margin if state > LightState.NIGHT else 1 + margin)
    day = settings.day_level * (1 - margin if state == LightState.DAY else 1 + margin)
    if level < night:
        return LightState.NIGHT
    return LightState.DAY if level > day else LightState.DUSK


def _first_state(
    before: LightTrack | None, sample: LightSample, settings: LightSettings
) -> LightState:
    if is_blank(sample):
        return LightState.NIGHT if before is None else before.state
    if sample.level < settings.night_level:
        return LightState.NIGHT
    return LightState.DAY if sample.level > settings.day_level else LightState.DUSK


def _forced(settings: LightSettings) -> LightState | None:
    return None if settings.mode == 'auto' else LightState[settings.mode.upper()]
