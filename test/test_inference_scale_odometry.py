"""Distance driven against depth: a textured road and walls that a camera drives along."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.inference.rays import camera_rays
from steps_ros.inference.scale.alignment import align
from steps_ros.inference.scale.odometry import DistanceScale
from steps_ros.inference.scale.robust import Measurement, Refusal
from steps_ros.inference.scale.seen import Seen, seen
from steps_ros.inference.scale.structure import Structure

CAMERA = Camera(160, 96, 110.0, 110.0, 80.0, 44.0)
UNIT = 3.7
RATE_HZ = 10
HEIGHT, HALF_WIDTH, FAR = 1.5, 6.0, 60.0


@pytest.fixture(scope='module')
def texture():
    noise = np.random.default_rng(0).standard_normal((512, 2048)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5) + 2 * cv2.GaussianBlur(noise, (0, 0), 6)
    return 60 + 400 * smooth


def view(texture, along, level=1.0):
    """Image and depth in units from a street canyon, ``along`` metres down the street."""
    across, down = (part.astype(np.float64) for part in camera_rays(CAMERA))
    inverse = np.maximum.reduce(
        [down / HEIGHT, np.abs(across) / HALF_WIDTH, np.full_like(down, 1 / FAR)]
    )
    z = 1 / inverse
    is_road = down / HEIGHT >= inverse
    side = np.where(is_road, across * z + 20, 60 + down * z + 20 * (across > 0))
    columns = ((z + along) * 12 % 2040).astype(np.float32)
    picture = cv2.remap(texture, columns, (side * 5).astype(np.float32), cv2.INTER_LINEAR)
    image = np.clip(level * picture, 0, 255).astype(np.uint8)
    return np.repeat(image[..., None], 3, 2), (z / UNIT).astype(np.float32)


def drive(texture, speed, frames=24, change=lambda image, number: image, driven=None):
    """Measure along a drive at constant speed; return what came of it."""
    measure = DistanceScale(driven or (lambda a, b: (b - a) / 1e9 * speed), lambda: 1.0)
    results = []
    for number in range(frames):
        image, depth = view(texture, speed * number / RATE_HZ)
        stamp_ns = 10**9 + number * 10**9 // RATE_HZ
        results.append(measure(Seen(change(image, number), depth, CAMERA, stamp_ns)))
    return [result for result in results if result is not None]


def values(results):
    return [result.value for result in results if isinstance(result, Measurement)]


def test_the_scale_is_metres_driven_by_units_moved(texture):
    found = values(drive(texture, 10.0))
    assert len(found) >= 4
    np.testing.assert_allclose(found, UNIT, rtol=0.05)


def test_what_rides_along_is_not_taken_for_the_world(texture):
    bonnet = np.random.default_rng(1).integers(0, 255, (22, 160, 3)).astype(np.uint8)

    def with_bonnet(image, number):
        image[-22:] = bonnet
        return image

    found = values(drive(texture, 10.0, 40, with_bonnet))
    np.testing.assert_allclose(np.median(found), UNIT, rtol=0.05)


def test_standing_and_creeping_measure_nothing_and_say_so(texture):
    results = drive(texture, 0.5)
    assert results
    assert all(isinstance(result, Refusal) for result in results)
    assert 'slower than' in results[-1].reason


def test_a_distance_that_nobody_tells_and_a_leap_are_refused(texture):
    assert 'no odometry' in drive(texture, 10.0, driven=lambda a, b: None)[-1].reason
    assert '30.0 m between' in drive(texture, 10.0, driven=lambda a, b: 30.0)[-1].reason


def test_pictures_that_have_nothing_to_do_with_each_other_are_refused(texture):
    random = np.random.default_rng(2)
    noise = lambda image, number: random.integers(0, 60, image.shape).astype(np.uint8)  # noqa: E731
    results = drive(texture, 10.0, 24, noise)
    assert results
    assert not values(results)


def test_black_pictures_are_refused(texture):
    assert not values(drive(texture, 10.0, 20, lambda image, number: image * 0))


def test_a_frame_without_depth_is_refused(texture):
    measure = DistanceScale(lambda a, b: 1.0, lambda: 1.0)
    results = []
    for number in range(12):
        image, depth = view(texture, 1.0 * number)
        results.append(measure(Seen(image, depth * np.nan, CAMERA, 10**9 + number * 10**8)))
    assert {result.reason for result in results if result} == {'depth is unknown everywhere'}


def test_a_camera_that_goes_back_is_measured_too(texture):
    """As one that looks to the rear, or a vehicle in reverse; and ahead again after that."""
    measure = DistanceScale(lambda a, b: (b - a) / 1e9 * 10, lambda: 1.0)
    places = [*range(0, -30, -1), *range(-28, 0)]
    results = []
    for number, place in enumerate(places):
        image, depth = view(texture, 100.0 + place)
        results.append(measure(Seen(image, depth, CAMERA, 10**9 + number * 10**8)))
    for part in (results[:30], results[32:]):
        found = values(part)
        assert len(found) >= 6
        np.testing.assert_allclose(found, UNIT, rtol=0.05)


def test_unknown_depth_round_the_picture_is_left_out(texture):
    """As round a rectified picture, and in the sky of models that leave it out."""
    measure = DistanceScale(lambda a, b: (b - a) / 1e9 * 10, lambda: 1.0)
    results = []
    for number in range(24):
        image, depth = view(texture, 1.0 * number)
        depth[:12] = depth[:, :6] = depth[:, -6:] = np.nan
        results.append(measure(Seen(image, depth, CAMERA, 10**9 + number * 10**8)))
    found = values(results)
    assert len(found) >= 4
    np.testing.assert_allclose(found, UNIT, rtol=0.05)


def test_alignment_finds_turn_and_shift(texture):
    (first, depth), (second, _) = view(texture, 0.0), view(texture, 1.2)
    empty = Structure()
    motion = align(empty.of(first), empty.of(second), depth, CAMERA, [0.2])
    assert motion.agreement > 0.5
    np.testing.assert_allclose(motion.translation, (0, 0, -1.2 / UNIT), atol=0.02)
    np.testing.assert_allclose(motion.rotation, np.eye(3), atol=0.006)


def test_bright_vehicles_that_move_by_themselves_do_not_decide(texture):
    blocks = np.random.default_rng(3).integers(0, 2, (10, 16, 3)).astype(np.uint8) * 255
    vehicle = cv2.resize(blocks, (64, 40), interpolation=cv2.INTER_NEAREST)

    def passing(image, number):
        left = 6 + 4 * number % 80
        image[40:80, left : left + 64] = vehicle
        return image

    found = values(drive(texture, 10.0, 40, passing))
    assert len(found) >= 4
    np.testing.assert_allclose(np.median(found), UNIT, rtol=0.05)


def test_frames_are_made_small_with_their_camera():
    image, depth = np.zeros((480, 640, 3), np.uint8), np.ones((240, 320), np.float32)
    small = seen(image, depth, Camera(640, 480, 500, 500, 320, 240), 7)
    assert small.image.shape == (192, 256, 3)
    assert small.depth.shape == (192, 256)
    assert (small.camera.fx, small.camera.width) == (200.0, 256)
