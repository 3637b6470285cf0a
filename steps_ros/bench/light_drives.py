"""
Simulated drives whose light changes: into the night, through a tunnel, past dazzling headlamps.

A street's day and night twins show the same places, so that daylight can be turned down frame by
frame while the lamps stay lit. The camera exposes as real ones do: slowly, and not without limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.inference.light_state import LightState
from steps_ros.sim.clip import render_clip
from steps_ros.sim.exposure import exposure_gain
from steps_ros.sim.sensor import develop, draw_sensor, Negative, Sensor
from steps_ros.sim.settings import ClipSettings, Stream

RATE_HZ = 10.0
# How fast the exposure follows the light, and the level that it aims at.
ADAPTATION_S, WANTED_LEVEL = 0.3, 110.0
# At its most sensitive the camera shows the darkest part of a drive at this mean level.
NIGHT_LEVEL = 22.0
# Its lens scatters more than most.
GLARE = 2.5
SEED = 77
DUSK_SCENE, TUNNEL_SCENE, ONCOMING_SCENE = 4, 101, 8
# Of daylight a thousandth gets into a tunnel; main beams are so many times as bright as dipped.
TUNNEL_LIGHT, MAIN_BEAM, LAMP_RADIANCE = 0.001, 30.0, 200.0


class LitFrame(NamedTuple):
    """A picture of a drive, and the state that is right then, None where either is."""

    stamp_s: float
    image: NDArray[np.uint8]
    state: LightState | None


Drive = Iterator[LitFrame]
Scene = Callable[[float], tuple[Negative, LightState | None]]


class _Twin(NamedTuple):
    day: Negative
    night: Negative


def into_the_night(height: int, width: int, places: int = 4, seconds: float = 24.0) -> Drive:
    """Return a drive while day turns to night, ten thousand times faster than it does."""
    twins = _twins(DUSK_SCENE, height, width, range(places))

    def scene(stamp_s: float) -> tuple[Negative, LightState | None]:
        share = stamp_s / seconds
        light = 10 ** (-5.0 * min(max(share - 0.15, 0.0) / 0.7, 1.0))
        state = LightState.DAY if share < 0.15 else LightState.NIGHT if share > 0.9 else None
        return _lit(_at(twins, share), light), state

    return _exposed(scene, seconds, twins[-1].night)


def through_a_tunnel(height: int, width: int, seconds: float = 15.0) -> Drive:
    """Return a drive by day into a tunnel that is lit by its lamps, and out again."""
    twins = _twins(TUNNEL_SCENE, height, width, (0, 6, 10, 14, 19))

    def scene(stamp_s: float) -> tuple[Negative, LightState | None]:
        share = stamp_s / seconds
        is_inside = 0.2 <= share < 0.8
        light = TUNNEL_LIGHT if is_inside else 1.0
        return _lit(_at(twins, share), light), LightState.NIGHT if is_inside else LightState.DAY

    return _exposed(scene, seconds, twins[len(twins) // 2].night)


def past_main_beams(height: int, width: int, places: int = 4, seconds: float = 12.0) -> Drive:
    """Return a drive by night on which others dazzle, for a second and a half at a time."""
    twins = _twins(ONCOMING_SCENE, height, width, range(places))

    def scene(stamp_s: float) -> tuple[Negative, LightState | None]:
        night = _at(twins, stamp_s / seconds).night
        if stamp_s % 4.0 < 2.5:
            return night, LightState.NIGHT
        radiance = night.radiance.astype(np.float32)
        beams = np.where(radiance > LAMP_RADIANCE, radiance * MAIN_BEAM, radiance)
        return _with_radiance(night, beams), LightState.NIGHT

    return _exposed(scene, seconds, twins[0].night)


def _twins(scene: int, height: int, width: int, seconds: range | tuple[int, ...]) -> list[_Twin]:
    """Draw a street at some seconds of the way, by day and by night."""
    clips = [
        ClipSettings(SEED, scene, max(seconds) + 1, height, width, time, rate_hz=1.0)
        for time in ('day', 'night')
    ]
    drawn = [
        [next(render_clip(clip, second, second + 1)).negative for second in seconds]
        for clip in clips
    ]
    return [_Twin(*pair) for pair in zip(*drawn, strict=True)]


def _exposed(scene: Scene, seconds: float, darkest: Negative) -> Drive:
    generator = np.random.default_rng(SEED)
    settings = ClipSettings(SEED, DUSK_SCENE)
    drawn = draw_sensor(settings.generator(Stream.SENSOR), 'day')
    sensor = replace(
        drawn,
        mean_level=WANTED_LEVEL,
        most_gain=math.exp(14.0),
        optics=replace(drawn.optics, glare=GLARE),
    )
    most = exposure_gain(darkest.radiance, replace(sensor, mean_level=NIGHT_LEVEL))
    gain = _gain(scene(0.0)[0], sensor, most)
    for number in range(round(seconds * RATE_HZ)):
        stamp_s = number / RATE_HZ
        negative, state = scene(stamp_s)
        wanted = _gain(negative, sensor, most)
        gain *= (wanted / gain) ** (1 - math.exp(-1 / (RATE_HZ * ADAPTATION_S)))
        yield LitFrame(stamp_s, develop(negative, gain, sensor, generator), state)


def _gain(negative: Negative, sensor: Sensor, most: float) -> float:
    return min(exposure_gain(negative.radiance, sensor), most)


def _at(twins: list[_Twin], share: float) -> _Twin:
    return twins[min(int(share * len(twins)), len(twins) - 1)]


def _lit(twin: _Twin, daylight: float) -> Negative:
    day, night = (scene.radiance.astype(np.float32) for scene in twin)
    return _with_radiance(twin.day, daylight * day + night)


def _with_radiance(negative: Negative, radiance: NDArray[np.float32]) -> Negative:
    most = float(np.finfo(np.float16).max)
    return replace(negative, radiance=np.minimum(radiance, most).astype(np.float16))
