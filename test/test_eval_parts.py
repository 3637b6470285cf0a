"""Errors by distance and brightness: the right pixels in the right rows."""

import numpy as np
import pytest

from steps_ros.eval.metrics import error_terms, error_values
from steps_ros.eval.parts import grey_levels, LEVEL, PartSums, RANGE
from steps_ros.eval.samples import Reference


def added(frames):
    parts = PartSums(1)
    for truth, guess, levels in frames:
        known = np.isfinite(guess)
        terms = error_terms(guess[known], truth[known])
        parts.add(truth, levels, known, [terms * 0, terms, terms * 0])
    return parts


def test_every_coarse_edge_is_a_fine_one():
    for axis in (RANGE, LEVEL):
        assert set(axis.coarse) <= set(axis.edges)
        assert len(axis.names) == len(axis.coarse)


def test_rows_pool_the_pixels_of_all_frames():
    truth = np.array([3.0, 4.0, 15.0, 30.0])
    guess = np.array([3.3, 4.0, 12.0, np.nan])
    light = np.array([2.0, 100.0, 250.0, 100.0])
    parts = added([(truth, guess, light), (truth, guess * 1.1, light)])
    near, middle, far = parts.rows(0, 1)
    assert [row.name for row in (near, middle, far)] == ['0 to 5 m', '10 to 20 m', '20 to 40 m']
    expected = error_values(np.array([3.3, 4.0, 3.63, 4.4]), np.array([3.0, 4.0, 3.0, 4.0]))
    np.testing.assert_allclose(near.errors[1], expected, rtol=1e-9)
    assert (near.frames, near.pixels, near.unpredicted) == (2, 4, 0)
    assert (far.frames, far.pixels, far.unpredicted) == (0, 2, 1)
    assert np.isnan(far.errors[1].abs_rel)
    assert near.abs_rel.value == pytest.approx(expected.abs_rel)


def test_light_classes_are_by_grey_level():
    truth = np.full(3, 10.0)
    parts = added([(truth, np.array([11.0, 12.0, 13.0]), np.array([15.9, 16.0, 240.0]))])
    values = {row.name: row.errors[1].abs_rel for row in parts.rows(1, 1)}
    assert values == pytest.approx(
        {'under-exposed': 0.1, 'well-exposed': 0.2, 'over-exposed': 0.3}
    )


def test_curves_have_error_bias_and_gaps():
    parts = added([(np.array([6.0, 6.0]), np.array([9.0, 9.0]), np.array([1.0, 1.0]))])
    curve = parts.curve(0)
    filled = curve.pixels.index(2)
    assert curve.x[filled] == 6.25
    assert (curve.abs_rel[filled], curve.bias[filled]) == pytest.approx((0.5, 0.5))
    assert np.isnan(curve.abs_rel[0])


def test_the_grey_level_is_the_mean_around_the_place():
    image = np.zeros((9, 9, 3), np.uint8)
    image[4, 4] = 250
    places = Reference(np.float32([4, 8]), np.float32([4, 8]), np.ones(2, np.float32), (9, 9))
    assert grey_levels(image, places).tolist() == [10, 0]
    wide = places._replace(columns=np.float32([8, 17]), rows=np.float32([8, 17]), size=(18, 18))
    assert grey_levels(image, wide).tolist() == [10, 0]
    assert grey_levels(None, places).tolist() == [64, 64]
