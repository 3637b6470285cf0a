"""Depth errors: the reference's numbers, the spec's own check, and the edges of the rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from steps_ros.errors import FrameError
from steps_ros.eval.metrics import (
    centre_crop,
    depth_errors,
    DepthErrors,
    error_values,
    fit,
    IDENTITY,
    is_predicted,
    mean_errors,
    resize_nearest,
)


def golden(shared_reference: Path) -> dict[str, np.ndarray]:
    return dict(np.load(shared_reference / 'goldens' / 'g_eval.npz'))


def test_tiny_check_of_the_spec():
    reference = np.array([[0, 5, 10], [20, 40, 70]], np.float32)
    prediction = np.array([[1, 2, 3], [7, 16, 20]], np.float32)
    errors = depth_errors(prediction, reference)
    expected = (0.1375, 0.4875, 4.0927, 0.14139, 1, 1, 1)
    np.testing.assert_allclose(errors[:7], expected, rtol=3e-5)


def test_a_ratio_of_exactly_1_25_does_not_count():
    errors = error_values(np.array([1.25, 2.5, 5.0]), np.array([1.0, 2.0, 4.0]))
    np.testing.assert_allclose(
        errors[:8], (0.25, 0.14583333, 0.66143781, 0.22314358, 0, 1, 1, 0.09691001), rtol=1e-6
    )
    assert errors.silog == pytest.approx(0, abs=1e-5)


def test_a_perfect_prediction_has_no_error():
    depth = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert depth_errors(depth, depth, 'none') == DepthErrors(0, 0, 0, 0, 1, 1, 1, 0, 0)


def test_ten_percent_too_far_is_an_abs_rel_of_a_tenth_and_the_median_mends_it():
    depth = np.linspace(2, 40, 60).reshape(6, 10)
    assert depth_errors(depth * 1.1, depth, 'none').abs_rel == pytest.approx(0.1)
    assert depth_errors(depth * 1.1, depth, 'median').abs_rel == pytest.approx(0, abs=1e-12)


def test_scale_and_shift_of_inverse_depth_are_undone():
    depth = np.linspace(2, 40, 60).reshape(6, 10)
    assert depth_errors(1 / (0.3 / depth + 0.2), depth, 'scale_shift').abs_rel < 1e-9


def test_what_comes_out_negative_is_the_farthest():
    inverse, truth = np.array([1.0, 0.5, 1e-6]), np.array([1.0, 2.5, 1e6])
    found = fit(1 / inverse, truth, 'scale_shift')
    assert np.isposinf(found.apply(1 / inverse)[-1])


def test_fits_leave_out_what_is_infinite_and_keep_it_so():
    guess, truth = np.array([1.0, 2.0, np.inf]), np.array([3.0, 6.0, 50.0])
    found = fit(guess, truth, 'median')
    assert found.apply(guess).tolist() == [3, 6, np.inf]
    assert fit(np.array([np.inf]), truth[:1], 'median') == IDENTITY
    assert np.isposinf(fit(guess, truth, 'scale_shift').apply(guess)[2])


def test_a_prediction_is_a_positive_number():
    guess = np.array([1.0, 0.0, -1.0, np.nan, np.inf])
    assert is_predicted(guess).tolist() == [True, False, False, False, True]


def test_unknown_and_impossible_predictions_are_left_out():
    reference = np.array([[10.0, 10.0, 10.0]])
    errors = depth_errors(np.array([[11.0, np.nan, -1.0]]), reference, 'none')
    assert errors.abs_rel == pytest.approx(0.1)


def test_log10_and_silog_of_known_ratios():
    errors = error_values(np.array([10.0, 100.0]), np.array([1.0, 100.0]))
    assert errors.log10 == pytest.approx(0.5)
    assert errors.silog == pytest.approx(100 * np.log(10) / 2)


def test_infinite_predictions_count_as_the_cap():
    reference = np.array([[30.0, 30.0]])
    errors = depth_errors(np.array([[30.0, np.inf]]), reference, 'none', max_depth=60)
    assert errors.abs_rel == pytest.approx(0.5)


@pytest.mark.parametrize('reference', [np.zeros((2, 2)), np.full((2, 2), 60.0)])
def test_no_reference_is_an_error_with_the_range(reference):
    with pytest.raises(FrameError, match=r'1e-05, 60'):
        depth_errors(np.ones((2, 2)), reference)


def test_a_crop_that_does_not_fit_is_refused():
    with pytest.raises(FrameError, match='4x3'):
        centre_crop(np.zeros((3, 4)), 4, 4)


def test_nearest_resize_takes_the_floor():
    assert resize_nearest(np.arange(3.0)[None], 1, 5).tolist() == [[0, 0, 1, 1, 2]]


def test_nuscenes_protocol_equals_the_reference(shared_reference):
    data = golden(shared_reference)
    for cap, name in ((60, 'ns_mean'), (40, 'ns_mean_max40')):
        rows = [
            depth_errors(prediction, reference, 'median', cap)
            for prediction, reference in zip(data['ns_pred'], data['ns_gt'], strict=True)
        ]
        if cap == 60:
            np.testing.assert_allclose(np.array(rows)[:, :7], data['ns_per_image'], rtol=1e-5)
        np.testing.assert_allclose(mean_errors(rows)[:7], data[name], rtol=1e-5)
    resized = resize_nearest(data['ns_pred'][0], 90, 160)
    np.testing.assert_array_equal(resized, data['ns_pred0_resized_nearest'])


def test_robotcar_protocol_equals_the_reference(shared_reference):
    data = golden(shared_reference)
    references = []
    for image in range(2):
        sparse = np.zeros(data['rc_gt_shape'], np.float32)
        sparse.flat[data[f'rc_gt{image}_index']] = data[f'rc_gt{image}_value']
        references.append(centre_crop(sparse, 640, 1152))
    for cap, name in ((60, 'rc_mean'), (40, 'rc_mean_rnw_default_max40')):
        rows = [
            depth_errors(prediction, reference, 'median', cap)
            for prediction, reference in zip(data['rc_pred'], references, strict=True)
        ]
        np.testing.assert_allclose(mean_errors(rows)[:7], data[name], rtol=1e-5)


def test_plain_vectors_equal_the_reference(shared_reference):
    data = golden(shared_reference)
    errors = error_values(data['vec_pred'].astype(float), data['vec_gt'].astype(float))
    np.testing.assert_allclose(errors[:7], data['vec_metrics_f64'], rtol=1e-6)
