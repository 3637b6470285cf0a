"""Day, dusk and night: right in time, never flickering, and an enhancer without jumps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from steps_ros.bench import light_drives
from steps_ros.bench.light_drives import Followed, is_dazzled, longest_error_s
from steps_ros.errors import SettingsError
from steps_ros.inference.light import CELLS, LightSample
from steps_ros.inference.light_state import (
    blocked_share,
    ENHANCEMENT,
    follow_light,
    LightSettings,
    LightState,
    LightTrack,
    MOST_WAITING,
)

NIGHT, DUSK, DAY = LightState
STEP_S = 0.1
SETTINGS = LightSettings()


def sample(level: float, detail: float = 50.0) -> LightSample:
    return LightSample(
        level, 0.0, 0.0, 0.0, np.zeros(CELLS, np.float32), np.full(CELLS, detail, np.float32)
    )


def follow(levels, settings=SETTINGS, track=None, start_s=0.0) -> list[LightTrack]:
    """Follow the levels at ten pictures a second; return what is known after each."""
    tracks = []
    for number, level in enumerate(levels):
        track = follow_light(track, start_s + number * STEP_S, sample(level), settings)
        tracks.append(track)
    return tracks


def changes(tracks) -> list[LightState]:
    return [after.state for before, after in pairwise(tracks) if after.state != before.state]


@pytest.mark.parametrize(('level', 'state', 'share'), [(20, 0, 1.0), (75, 1, 0.5), (130, 2, 0.0)])
def test_the_first_picture_decides_at_once(level, state, share):
    (track,) = follow([level])
    assert (track.state, track.enhancement) == (state, share)


def test_a_change_counts_when_it_has_lasted_for_the_dwell():
    tracks = follow([130.0] * 10 + [20.0] * 20, LightSettings(dwell_s=1.0))
    states = [track.state for track in tracks]
    assert states[:20] == [DAY] * 20
    assert states[20:] == [NIGHT] * 10


@pytest.mark.parametrize('rate_hz', [10, 14, 30])
def test_a_change_is_right_within_a_second_from_ten_pictures_a_second_on(rate_hz):
    track, right_s = follow([130.0])[-1], None
    for number in range(1, 2 * rate_hz):
        track = follow_light(track, number / rate_hz, sample(20.0), SETTINGS)
        if right_s is None and track.state == NIGHT:
            right_s = track.stamp_s - 1 / rate_hz
    assert right_s is not None
    assert right_s <= 1.0 + 1e-6


def test_a_flash_is_forgotten_and_starts_the_dwell_anew():
    assert changes(follow(([20.0] * 9 + [200.0] * 8) * 6)) == []


def test_the_middle_of_the_dwell_decides_and_not_its_last_picture():
    tracks = follow([20.0] * 3 + [75.0] * 10 + [250.0] + [75.0] * 20)
    assert changes(tracks) == [DUSK]


def test_levels_within_the_hysteresis_never_flicker():
    around_night = 60 + 5.9 * np.resize([-1, -1, -1, 1, 1, 1], 600)
    around_day = 95 + 9.4 * np.sin(np.arange(600) / 20)
    for levels in (around_night, around_day):
        assert len(changes(follow(levels))) <= 1


def test_the_enhancement_never_jumps():
    random = np.random.default_rng(1)
    levels = np.repeat(random.uniform(5, 200, 40), random.integers(1, 25, 40))
    shares = [track.enhancement for track in follow(levels)]
    assert len(set(shares)) > 10
    assert np.abs(np.diff(shares)).max() <= STEP_S / SETTINGS.fade_s + 1e-9


def test_blank_pictures_leave_the_state():
    (first, *_) = tracks = follow([130.0])
    assert first.state == DAY
    track = tracks[-1]
    for number in range(1, 60):
        track = follow_light(track, number * STEP_S, sample(1.0, detail=2.0), SETTINGS)
    assert track.state == DAY
    assert blocked_share(track, SETTINGS) == 1.0


def test_a_step_back_in_time_or_a_long_silence_begins_anew():
    day = follow([130.0] * 5)[-1]
    for stamp_s in (-3.0, 60.0):
        track = follow_light(day, stamp_s, sample(20.0), SETTINGS)
        assert (track.state, track.enhancement) == (NIGHT, 1.0)


def test_equal_stamps_change_nothing():
    track = follow([130.0])[-1]
    for _ in range(MOST_WAITING + 50):
        track = follow_light(track, 0.0, sample(20.0), SETTINGS)
    assert (track.state, track.enhancement) == (DAY, 0.0)
    assert len(track.waiting) == MOST_WAITING


def test_a_state_that_is_given_holds_and_fades_in():
    track = follow([130.0] * 5)[-1]
    tracks = follow([130.0] * 15, LightSettings(mode='night'), track, 0.5)
    assert {item.state for item in tracks} == {NIGHT}
    assert tracks[0].enhancement == pytest.approx(0.1)
    assert tracks[-1].enhancement == 1.0


@pytest.mark.parametrize('state', LightState)
@pytest.mark.parametrize('level', [20.0, 130.0])
def test_a_state_that_is_given_holds_from_the_first_picture_on(state, level):
    (track,) = follow([level], LightSettings(mode=state.name.lower()))
    assert (track.state, track.enhancement) == (state, ENHANCEMENT[state])


def test_bounds_too_close_for_the_hysteresis_are_refused():
    with pytest.raises(SettingsError, match='move them apart'):
        LightSettings(night_level=90.0, day_level=95.0)


DRIVES = {
    'into the night': (
        lambda: light_drives.into_the_night(48, 80, places=2, seconds=16.0),
        [DUSK, NIGHT],
    ),
    'tunnel': (lambda: light_drives.through_a_tunnel(48, 80), [NIGHT, DAY]),
    'main beams': (lambda: light_drives.past_main_beams(48, 80, places=2, seconds=8.0), []),
}


@pytest.fixture(scope='module', params=DRIVES)
def driven(request) -> tuple[list[Followed], list[LightState]]:
    """Return a drive as it was followed, and the changes of state that are right."""
    drive, expected = DRIVES[request.param]
    return light_drives.follow(drive(), SETTINGS), expected


def test_simulated_drives_are_right_within_a_second(driven):
    followed, expected = driven
    tracks = [item.track for item in followed]
    assert changes(tracks) == expected
    assert {item.right for item in followed} - {None} == {tracks[0].state, *expected}
    assert longest_error_s(followed) <= 1.0 + 1e-6
    shares = [track.enhancement for track in tracks]
    assert np.abs(np.diff(shares)).max() <= STEP_S / SETTINGS.fade_s + 1e-9


def test_glare_comes_and_goes_with_main_beams_and_is_none_by_day(driven):
    followed, expected = driven
    tracks = [item.track for item in followed]
    assert all(
        track.sample.glare == 0
        for track, item in zip(tracks, followed, strict=True)
        if item.right == DAY
    )
    if expected:
        return
    beams = [is_dazzled(track.stamp_s) for track in tracks]
    glare = [track.sample.glare for track in tracks]
    # Dipped beams of others glare as well, but less.
    dipped = [share for share, is_on in zip(glare, beams, strict=True) if not is_on]
    assert min(share for share, is_on in zip(glare, beams, strict=True) if is_on) > max(dipped)
    # Where they are switched on, the picture is the same but for them.
    switched = [i for i in range(1, len(beams)) if beams[i] and not beams[i - 1]]
    assert len(switched) == 2
    assert all(glare[i] > 1.5 * glare[i - 1] for i in switched)
