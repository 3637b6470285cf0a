"""When distance is compared with depth, and with what: the decisions around the alignment."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.scale import odometry
from steps_ros.inference.scale.alignment import Motion
from steps_ros.inference.scale.odometry import DistanceScale
from steps_ros.inference.scale.robust import Measurement, Refusal
from steps_ros.inference.scale.seen import Seen

CAMERA = Camera(32, 24, 30.0, 30.0, 16.0, 12.0)
START_NS = 5_000_000_000


class Scripted:
    """Stands for the alignment: returns what it was given, and remembers where it was to begin."""

    def __init__(self, units=0.5, agreement=0.8, turn=0.0):
        self.units, self.agreement, self.turn = units, agreement, turn
        self.lengths = []

    def __call__(self, first, second, depth, camera, lengths):
        self.lengths.append(lengths)
        rotation, _ = cv2.Rodrigues(np.array([0.0, self.turn, 0.0]))
        moved, pixels = np.array([0, 0, -self.units]), np.arange(70)
        return Motion(rotation, moved, self.agreement, pixels, pixels, np.zeros((70, 2), 'f4'))


@pytest.fixture
def found(monkeypatch):
    scripted = Scripted()
    monkeypatch.setattr(odometry, 'align', scripted)
    return scripted


def frame(number, period_ns=100_000_000, depth=4.0):
    random = np.random.default_rng(number)
    image = random.integers(0, 255, (24, 32, 3), np.uint8)
    return Seen(image, np.full((24, 32), depth, np.float32), CAMERA, START_NS + number * period_ns)


def drive(metres, count=12, period_ns=100_000_000, min_speed=1.0, depth=4.0):
    """Return what each frame of a drive of so many metres a frame shows."""
    measure = DistanceScale(lambda a, b: (b - a) / period_ns * metres, lambda: min_speed)
    return [measure(frame(number, period_ns, depth)) for number in range(count)]


def test_metres_by_units_with_agreement_and_places(found):
    results = drive(1.0)
    # The first frame begins, and what rides along is known after four others.
    assert results[:4] == [None] * 4
    first = results[4]
    assert first == Measurement(2.0, pytest.approx(0.2), 70)
    # Then one in 0.3 s: neither sooner nor later.
    assert [number for number, result in enumerate(results) if result] == [4, 7, 10]


def test_the_search_begins_at_twelve_lengths_of_the_usual_depth_and_then_at_the_known_scale(found):
    drive(1.0, depth=8.0)
    np.testing.assert_allclose(found.lengths[0], 8.0 * np.geomspace(0.01, 1, 12))
    assert found.lengths[1:] == [[0.5], [0.5]]


def test_after_a_refusal_the_search_begins_anew(found):
    found.agreement = 0.44
    results = [result for result in drive(1.0) if result]
    assert results == [Refusal('two frames agree by 0.44 only')] * 3
    # Each time ahead and then back.
    assert [len(lengths) for lengths in found.lengths] == [12] * 6
    np.testing.assert_allclose(found.lengths[1], np.negative(found.lengths[0]))
    found.agreement = 0.45
    assert isinstance(drive(1.0)[4], Measurement)


def test_a_turn_of_five_degrees_is_the_most(found):
    found.turn = math.radians(5.1)
    assert drive(1.0)[4] == Refusal('the camera turned too far between two frames')
    found.turn = math.radians(-4.9)
    assert isinstance(drive(1.0)[4], Measurement)


def test_half_known_depth_counts_by_its_median(found):
    measure = DistanceScale(lambda a, b: 1.0, lambda: 1.0)
    for number in range(5):
        seen = frame(number)
        seen.depth[:8] = 20.0
        seen.depth[8:16] = np.nan, *[np.inf] * 15, *[0.0] * 8, *[-3.0] * 8
        measure(seen)
    np.testing.assert_allclose(found.lengths[0][-1], 12.0)


def test_a_scene_with_a_single_known_pixel_is_measured(found):
    measure = DistanceScale(lambda a, b: 1.0, lambda: 1.0)
    for number in range(5):
        seen = frame(number, depth=math.nan)
        seen.depth[3, 3] = 0.5
        result = measure(seen)
    assert isinstance(result, Measurement)
    np.testing.assert_allclose(found.lengths[0][-1], 0.5)


@pytest.mark.parametrize(
    ('metres', 'outcome'),
    [
        (0.79, Refusal('no two frames within a second are 0.8 m apart')),
        (0.81, Measurement(1.62, pytest.approx(0.2), 70)),
        (3.99, Measurement(7.98, pytest.approx(0.2), 70)),
        (4.04, Refusal('4.0 m between two frames of at most 4 m')),
    ],
)
def test_distances_that_say_something(found, metres, outcome):
    """From 0.8 to 4 m; what is less is added up with what comes."""
    measure = DistanceScale(lambda a, b: metres, lambda: 0.1)
    results = [measure(frame(number, 400_000_000)) for number in range(12)]
    said = [result for result in results if result is not None]
    assert said == len(said) * [outcome]
    assert said


def test_short_distances_add_up(found):
    results = drive(0.3, 20)
    measured = [result for result in results if isinstance(result, Measurement)]
    # Three frames are 0.9 m.
    assert {round(result.value, 3) for result in measured} == {1.8}


def test_speed_is_metres_by_seconds(found):
    slow = [result for result in drive(0.49, 8, 250_000_000, min_speed=2.0) if result]
    assert slow == [Refusal('slower than scale.min_speed, 2.0 m/s')] * 7
    assert drive(0.51, 3, 250_000_000, min_speed=2.0) == [None] * 3


@pytest.mark.parametrize(('gap_ns', 'is_kept'), [(1_000_000_000, True), (1_000_000_001, False)])
def test_frames_more_than_a_second_apart_do_not_belong_together(found, gap_ns, is_kept):
    asked = []

    def driven(start_ns, end_ns):
        asked.append(end_ns - start_ns)

    measure = DistanceScale(driven, lambda: 1.0)
    results = [measure(frame(number, gap_ns)) for number in range(2)]
    assert asked == ([gap_ns] if is_kept else [])
    assert ('no two frames within a second' in results[1].reason) is not is_kept


def test_a_stamp_that_stays_or_goes_back_begins_anew(found):
    asked = []
    measure = DistanceScale(lambda a, b: asked.append((a, b)), lambda: 1.0)
    assert [measure(frame(number)) for number in (3, 3, 2)] == [None] * 3
    measure(frame(3))
    assert asked == [(START_NS + 200_000_000, START_NS + 300_000_000)]


def test_images_without_stamps_are_named_as_such(found):
    measure = DistanceScale(lambda a, b: 1.0, lambda: 1.0)
    unstamped = frame(0)._replace(stamp_ns=0)
    assert measure(unstamped) is None
    assert measure(unstamped) == Refusal('the images have no stamp')
    assert measure(frame(1)) == Refusal('no two frames within a second are 0.8 m apart')


def test_where_odometry_is_missing_the_next_pair_begins_later(found):
    asked = []
    measure = DistanceScale(lambda a, b: asked.append((a, b)), lambda: 1.0)
    for number in range(3):
        measure(frame(number))
    first, second, third = (frame(number).stamp_ns for number in range(3))
    assert asked == [(first, second), (second, third)]


def test_who_went_back_is_searched_backwards_first(found, monkeypatch):
    def backwards(first, second, depth, camera, lengths):
        found.agreement = 0.8 if lengths[0] < 0 else 0.3
        return found(first, second, depth, camera, lengths)

    monkeypatch.setattr(odometry, 'align', backwards)
    assert drive(1.0)[4] == Measurement(2.0, pytest.approx(0.2), 70)
    assert [lengths[0] > 0 for lengths in found.lengths] == [True, False, False, False]


def test_of_two_ways_that_fit_badly_the_better_one_is_named(found, monkeypatch):
    def fits(first, second, depth, camera, lengths):
        found.agreement = 0.4 if lengths[0] < 0 else 0.3
        return found(first, second, depth, camera, lengths)

    monkeypatch.setattr(odometry, 'align', fits)
    assert drive(1.0)[4] == Refusal('two frames agree by 0.40 only')
