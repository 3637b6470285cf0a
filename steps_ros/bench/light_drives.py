"""
Simulated drives whose light changes: into the night, through a tunnel, past dazzling headlamps.

A street's day and night twins show the same places, so that daylight can be turned down frame by
frame while the lamps stay lit. The camera exposes as real ones do: slowly, and not without limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
import math
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.inference.light import measure_light
from steps_ros.inference.light_state import follow_light, LightSettings, LightState, LightTrack
from steps_ros.sim.clip import render_clip
from steps_ros.sim.exposure import exposure_gain
from steps_ros.sim.sensor import develop, draw_sensor, Negative, Sensor
from steps_ros.sim.settings import ClipSettings, Stream

RATE_HZ = 10.0
# How fast the exposure follows the light, and the level that it aims at.
ADAPTATION_S, WANTED_LEVEL = 0.3, 110.0
# At its most sensitive the camera shows the darkest part of a drive at this mean level, and dusk
# half as bright as it should be.
NIGHT_LEVEL = 22.0
DUSK_LEVEL = WANTED_LEVEL / 2
# Its lens scatters more than most.
GLARE = 2.5
SEED = 77
DUSK_SCENE, TUNNEL_SCENE, ONCOMING_SCENE = 4, 101, 8
# Of daylight a thousandth gets into a tunnel; main beams are so many times as bright as dipped.
TUNNEL_LIGHT, MAIN_BEAM, LAMP_RADIANCE = 0.001, 30.0, 200.0
# Of the way into the night: where day ends, where dusk begins and ends, and where night begins.
DAY_ENDS, DUSK_BEGINS, DUSK_ENDS, NIGHT_BEGINS = 0.15, 0.5, 0.75, 0.9
# Daylight at most and at least, powers of ten.
FULL_LIGHT, NO_LIGHT = 0.0, -5.0
HALVINGS = 8


class LitFrame(NamedTuple):
    """A picture of a drive, and the state that is right then, None where either is."""

    stamp_s: float
    image: NDArray[np.uint8]
    state: LightState | None


Drive = Iterator[LitFrame]
Scene = Callable[[float], tuple[Negative, LightState | None]]


class Followed(NamedTuple):
    """A frame as it was seen, what is right, and what was known after it."""

    image: NDArray[np.uint8]
    right: LightState | None
    track: LightTrack
    cost_ms: float


class _Twin(NamedTuple):
    day: Negative
    night: Negative


class _Camera(NamedTuple):
    sensor: Sensor
    most_gain: float


def into_the_night(height: int, width: int, places: int = 4, seconds: float = 24.0) -> Drive:
    """Return a drive by day, by dusk and by night; the light falls hundreds of times too fast."""
    twins = _twins(DUSK_SCENE, height, width, range(places))
    camera = _camera(twins[-1].night)
    dusk = _dusk_light(_at(twins, DUSK_BEGINS), camera)
    turns = (DAY_ENDS, DUSK_BEGINS, DUSK_ENDS, NIGHT_BEGINS)

    def scene(stamp_s: float) -> tuple[Negative, LightState | None]:
        share = stamp_s / seconds
        light = 10 ** float(np.interp(share, turns, (FULL_LIGHT, dusk, dusk, NO_LIGHT)))
        return _lit(_at(twins, share), light), _state_at(share)

    return _exposed(scene, seconds, camera)


def through_a_tunnel(height: int, width: int, seconds: float = 15.0) -> Drive:
    """Return a drive by day into a tunnel that is lit by its lamps, and out again."""
    twins = _twins(TUNNEL_SCENE, height, width, (0, 6, 10, 14, 19))

    def scene(stamp_s: float) -> tuple[Negative, LightState | None]:
        share = stamp_s / seconds
        is_inside = 0.2 <= share < 0.8
        light = TUNNEL_LIGHT if is_inside else 1.0
        return _lit(_at(twins, share), light), LightState.NIGHT if is_inside else LightState.DAY

    return _exposed(scene, seconds, _camera(twins[len(twins) // 2].night))


def past_main_beams(height: int, width: int, places: int = 4, seconds: float = 12.0) -> Drive:
    """Return a drive by night on which others dazzle, for a second and a half at a time."""
    twins = _twins(ONCOMING_SCENE, height, width, range(places))

    def scene(stamp_s: float) -> tuple[Negative, LightState | None]:
        night = _at(twins, stamp_s / seconds).night
        if not is_dazzled(stamp_s):
            return night, LightState.NIGHT
        radiance = night.radiance.astype(np.float32)
        beams = np.where(radiance > LAMP_RADIANCE, radiance * MAIN_BEAM, radiance)
        return _with_radiance(night, beams), LightState.NIGHT

    return _exposed(scene, seconds, _camera(twins[0].night))


def is_dazzled(stamp_s: float) -> bool:
    """Say whether the others have their main beams on in :func:`past_main_beams`."""
    return stamp_s % 4.0 >= 2.5


def follow(drive: Drive, settings: LightSettings) -> list[Followed]:
    """Follow the light of a drive."""
    track: LightTrack | None = None
    followed = []
    for frame in drive:
        begun = time.perf_counter()
        track = follow_light(track, frame.stamp_s, measure_light(frame.image), settings)
        cost_ms = 1e3 * (time.perf_counter() - begun)
        followed.append(Followed(frame.image, frame.state, track, cost_ms))
    return followed


def longest_error_s(followed: Sequence[Followed]) -> float:
    """
    Return for how long at a time the state was another than the right one.

    From the first picture with a wrong state to the first without, or to the last of all.
    """
    longest, begun_s = 0.0, None
    for item in followed:
        if begun_s is not None:
            longest = max(longest, item.track.stamp_s - begun_s)
        if item.right is None or item.track.state == item.right:
            begun_s = None
        elif begun_s is None:
            begun_s = item.track.stamp_s
    return longest


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


def _camera(darkest: Negative) -> _Camera:
    settings = ClipSettings(SEED, DUSK_SCENE)
    drawn = draw_sensor(settings.generator(Stream.SENSOR), 'day')
    sensor = replace(
        drawn,
        mean_level=WANTED_LEVEL,
        most_gain=math.exp(14.0),
        optics=replace(drawn.optics, glare=GLARE),
    )
    most = exposure_gain(darkest.radiance, replace(sensor, mean_level=NIGHT_LEVEL))
    return _Camera(sensor, most)


def _exposed(scene: Scene, seconds: float, camera: _Camera) -> Drive:
    generator = np.random.default_rng(SEED)
    gain = _gain(scene(0.0)[0], camera)
    for number in range(round(seconds * RATE_HZ)):
        stamp_s = number / RATE_HZ
        negative, state = scene(stamp_s)
        gain *= (_gain(negative, camera) / gain) ** (1 - math.exp(-1 / (RATE_HZ * ADAPTATION_S)))
        yield LitFrame(stamp_s, develop(negative, gain, camera.sensor, generator), state)


def _gain(negative: Negative, camera: _Camera) -> float:
    return min(exposure_gain(negative.radiance, camera.sensor), camera.most_gain)


def _dusk_light(twin: _Twin, camera: _Camera) -> float:
    """Return the daylight, a power of ten, by which the camera shows the level of dusk."""
    generator = np.random.default_rng(SEED)
    brighter, darker = FULL_LIGHT, NO_LIGHT
    for _ in range(HALVINGS):
        light = (brighter + darker) / 2
        seen = _lit(twin, 10.0**light)
        level = develop(seen, _gain(seen, camera), camera.sensor, generator).mean()
        brighter, darker = (light, darker) if level > DUSK_LEVEL else (brighter, light)
    return brighter


def _state_at(share: float) -> LightState | None:
    """Return the right state on the way into the night, None while the light falls."""
    if share < DAY_ENDS:
        return LightState.DAY
    if share >= NIGHT_BEGINS:
        return LightState.NIGHT
    return LightState.DUSK if DUSK_BEGINS <= share < DUSK_ENDS else None


def _at(twins: list[_Twin], share: float) -> _Twin:
    return twins[min(int(share * len(twins)), len(twins) - 1)]


def _lit(twin: _Twin, daylight: float) -> Negative:
    day, night = (scene.radiance.astype(np.float32) for scene in twin)
    return _with_radiance(twin.day, daylight * day + night)


def _with_radiance(negative: Negative, radiance: NDArray[np.float32]) -> Negative:
    most = float(np.finfo(np.float16).max)
    return replace(negative, radiance=np.minimum(radiance, most).astype(np.float16))
