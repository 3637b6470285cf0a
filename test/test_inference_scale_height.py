"""The scale by the camera's height: on a level road, at the foot of a ramp and on a crest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.rays import camera_rays
from steps_ros.inference.scale import height
from steps_ros.inference.scale.filter import ScaleFilter
from steps_ros.inference.scale.ground import find_ground
from steps_ros.inference.scale.height import HeightScale
from steps_ros.inference.scale.robust import Measurement, Refusal
from steps_ros.inference.scale.seen import Seen
from steps_ros.inference.scale.settings import ScaleSettings

CAMERA = Camera(160, 96, 110.0, 110.0, 80.0, 44.0)
# As long a lens sees its own plane little and the one ahead well.
LONG = Camera(160, 90, 162.0, 162.0, 80.0, 45.0)
HEIGHT, FAR, RATE_HZ = 1.5, 80.0, 5
BEND = Refusal('the road ahead bends up or down')


def road(bend_m=1e9, grade=0.0, camera=CAMERA, tilt=0.05):
    """Depth in metres of a road that is level to the bend and rises by ``grade`` from there."""
    _, below = camera_rays(camera).astype(np.float64)
    down = (below + tilt) / (1 - tilt * below)
    own = np.where(down > 0, HEIGHT / np.maximum(down, 1e-9), np.inf)
    ahead = (HEIGHT + grade * bend_m) / np.maximum(down + grade, 1e-9)
    along = np.where(own <= bend_m, own, ahead)
    depth = along * math.hypot(1, tilt) / (1 - tilt * below)
    return np.minimum(depth, FAR).astype(np.float32)


def frame(depth, seconds, camera=CAMERA):
    image = np.zeros((*depth.shape, 3), np.uint8)
    return Seen(image, depth, camera, 10**12 + round(seconds * 1e9))


def drive(speed, grade, camera=CAMERA, start_m=30.0):
    """Drive over a bend, from 30 m before it; return measurements and scales."""
    measure = HeightScale(lambda: HEIGHT)
    scale = ScaleFilter(ScaleSettings(source='camera_height'))
    places = [*np.arange(max(start_m, 8 * speed), 0, -speed / RATE_HZ), *[1e9] * 10]
    measured, values = [], []
    for number, place in enumerate(places):
        found = measure(frame(road(place, grade, camera), number / RATE_HZ, camera))
        measured.append(found)
        scale.add(number / RATE_HZ, found)
        values.append(scale.state(number / RATE_HZ))
    return measured, [state.value for state in values if state.is_metric]


def test_the_scale_is_the_true_height_by_that_in_the_depth():
    measured = HeightScale(lambda: 3.2)(frame(road(), 0.0))
    assert isinstance(measured, Measurement)
    assert measured.value == pytest.approx(3.2 / HEIGHT, rel=1e-3)
    assert measured.evidence > 500


@pytest.mark.parametrize('grade', [0.06, -0.06], ids=['foot', 'crest'])
@pytest.mark.parametrize(('speed', 'camera'), [(2.0, CAMERA), (10.0, CAMERA), (2.0, LONG)])
def test_a_grade_of_six_percent_moves_the_scale_by_less_than_five(speed, camera, grade):
    measured, values = drive(speed, grade, camera)
    single = [found.value for found in measured if isinstance(found, Measurement)]
    assert len(values) > len(measured) / 2
    np.testing.assert_allclose(single, 1, atol=0.08)
    np.testing.assert_allclose(values, 1, atol=0.05)


def test_the_bend_is_named_and_past_it_the_road_is_measured_again():
    measured, _ = drive(5.0, 0.06)
    assert BEND in measured
    assert all(isinstance(found, Measurement) for found in measured[-10:])


@pytest.mark.parametrize('bend_m', [8, 12, 16, 20])
def test_a_ramp_ahead_is_not_the_road_behind_a_bonnet(bend_m):
    found = HeightScale(lambda: HEIGHT)(frame(road(bend_m, 0.06, LONG, 0.0), 0.0, LONG))
    assert found.value > 0.75


def test_a_tilt_that_lasts_is_the_usual_one():
    measure = HeightScale(lambda: HEIGHT)
    tilts = [0.05] * 30 + [0.1] * 40
    found = [measure(frame(road(tilt=tilt), n / 5)) for n, tilt in enumerate(tilts)]
    assert found[31] == BEND
    assert isinstance(found[-1], Measurement)


def test_a_tilt_that_wavers_is_no_bend():
    random = np.random.default_rng(0)
    measure = HeightScale(lambda: HEIGHT)
    wavering = 0.05 + 0.03 * random.standard_normal(40)
    found = [measure(frame(road(tilt=tilt), n / 5)) for n, tilt in enumerate(wavering)]
    assert sum(result == BEND for result in found) <= 4


def last_of(*tilts, period_s=0.2):
    """Return what the last of some frames shows."""
    measure = HeightScale(lambda: HEIGHT)
    return [measure(frame(road(tilt=tilt), n * period_s)) for n, tilt in enumerate(tilts)][-1]


def test_five_tilts_are_needed_to_know_the_usual_one():
    assert isinstance(last_of(0.0, 0.0, 0.0, 0.2), Measurement)
    assert last_of(0.0, 0.0, 0.0, 0.0, 0.2) == BEND


def test_frames_of_one_stamp_belong_together():
    assert last_of(0.0, 0.0, 0.0, 0.0, 0.2, period_s=0.0) == BEND


def test_tilts_of_longer_than_twenty_seconds_are_forgotten():
    assert last_of(0.0, 0.0, 0.0, 0.0, 0.2, period_s=5.0) == BEND
    assert isinstance(last_of(0.0, 0.0, 0.0, 0.0, 0.2, period_s=5.1), Measurement)


@pytest.mark.parametrize(('share', 'is_bend'), [(0.8, False), (1.2, True)])
def test_a_bend_changes_the_height_by_a_twentieth(share, is_bend):
    ground = find_ground(road(tilt=0.0), CAMERA)
    nearest = road(tilt=0.0)[ground.rows, ground.columns].min()
    tilt = share * 0.05 * HEIGHT / float(nearest)
    assert (last_of(0.0, 0.0, 0.0, 0.0, 0.0, tilt) == BEND) == is_bend


def test_why_there_is_no_ground_is_passed_on():
    found = HeightScale(lambda: HEIGHT)(frame(road() * np.float32(np.nan), 0.0))
    assert isinstance(found, Refusal)
    assert found == find_ground(road() * np.float32(np.nan), CAMERA)


def test_stamps_that_leap_back_begin_anew():
    measure = HeightScale(lambda: HEIGHT)
    for number in range(30):
        measure(frame(road(tilt=0.0), 100 + number / 5))
    assert isinstance(measure(frame(road(tilt=0.1), 5.0)), Measurement)


@pytest.mark.parametrize('loop', [1, 5], ids=['a stamp that stays', 'a short loop'])
def test_stamps_that_come_again_and_again_fill_no_memory(loop, monkeypatch):
    monkeypatch.setattr(height, 'MOST_TILTS', 20)
    measure = HeightScale(lambda: HEIGHT)
    for number in range(40):
        measure(frame(road(), number % loop / 5))
    assert len(measure._tilts) == 20
