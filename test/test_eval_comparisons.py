"""Network and baselines on the same points; the correlation that no template can have."""

import math

import numpy as np
import pytest

from steps_ros.core.camera import Camera
from steps_ros.eval.comparisons import compare_methods, Group, METHODS, residual_correlation
from steps_ros.eval.protocols import PROTOCOLS
from steps_ros.eval.samples import Mounting, Reference
from steps_ros.eval.spool import Points

SIZE = (24, 64)
ROWS, COLUMNS = (grid.ravel().astype(np.float32) for grid in np.mgrid[: SIZE[0], : SIZE[1]])
CAMERA = Camera(64, 24, 40.0, 40.0, 32.0, 4.0)
LEVEL = Mounting(1.5, 0.0, 0.0)
PROTOCOL = PROTOCOLS['default']


def street(generator):
    """Return depths (H, W) of a plane with a block in front that is elsewhere in each frame."""
    rows = ROWS.reshape(SIZE)
    depth = np.where(rows > 5, 1.5 * 40 / np.maximum(rows - 4, 1e-3), 60.0)
    left = int(generator.integers(50))
    depth[:, left : left + 10] = np.minimum(depth[:, left : left + 10], generator.uniform(4, 20))
    return depth.astype(np.float32)


def compared(truths, guesses, camera=CAMERA, mounting=LEVEL):
    group = Group.start(SIZE, SIZE, camera, mounting)
    points = []
    for number, (truth, guess) in enumerate(zip(truths, guesses, strict=True)):
        group.add(number, guess)
        points.append(Points(Reference(COLUMNS, ROWS, truth.ravel(), SIZE), guess.ravel()))
    return compare_methods(group, points.__getitem__, PROTOCOL)


@pytest.fixture(scope='module')
def truths():
    generator = np.random.default_rng(3)
    return [street(generator) for _ in range(12)]


def errors(result, method):
    return np.array([frame.errors[METHODS.index(method)] for frame in result.frames])


def test_the_truth_is_perfect_and_follows_itself(truths):
    result = compared(truths, truths)
    assert errors(result, 'network')[..., 0].max() < 1e-9
    assert residual_correlation(result.moments) == pytest.approx(1, abs=1e-9)


def test_a_template_scores_zero_even_the_true_mean(truths):
    template = np.exp(np.mean(np.log(truths), axis=0)).astype(np.float32)
    result = compared(truths, [template] * len(truths))
    assert residual_correlation(result.moments) == 0


def test_noise_that_is_not_in_the_street_lowers_the_correlation(truths):
    generator = np.random.default_rng(5)
    residual = np.std(np.log(truths) - np.mean(np.log(truths), axis=0))
    noisy = [
        (depth * np.exp(generator.normal(0, residual, SIZE))).astype(np.float32)
        for depth in truths
    ]
    found = residual_correlation(compared(truths, noisy).moments)
    assert found == pytest.approx(1 / math.sqrt(2), abs=0.06)


def test_flat_ground_is_exact_on_an_empty_road_and_wrong_by_what_stands_on_it(truths):
    empty = np.where(ROWS > 4, 1.5 * 40 / np.maximum(ROWS - 4, 1e-3), 80.0).astype(np.float32)
    bare = compared([empty.reshape(SIZE)] * 2, [empty.reshape(SIZE)] * 2)
    assert errors(bare, 'flat ground')[:, 0, 0].max() < 1e-5
    result = compared(truths, truths)
    assert errors(result, 'flat ground')[:, 1, 0].mean() > 0.1
    assert result.ground == 'camera mounting'


def test_row_and_template_are_exact_on_frames_that_do_not_change(truths):
    result = compared(truths[:1] * 3, truths[:1] * 3)
    assert errors(result, 'template')[:, 0, 0].max() < 1e-6


def test_a_single_frame_has_no_other_frames_to_learn_from(truths):
    result = compared(truths[:1], truths[:1])
    assert np.isnan(errors(result, 'template')).all()
    assert np.isfinite(errors(result, 'flat ground')).all()
    assert math.isnan(residual_correlation(result.moments))


def test_the_ground_is_fitted_where_no_mounting_is_known(truths):
    result = compared(truths, truths, mounting=None)
    assert result.ground == 'fitted to the reference'
    known = compared(truths, truths)
    np.testing.assert_allclose(
        errors(result, 'flat ground')[:, 1, 0], errors(known, 'flat ground')[:, 1, 0], rtol=0.02
    )
