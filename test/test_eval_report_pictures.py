"""Pictures of a report: known depths have known colours at known places."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.eval import report_pictures as pictures
from steps_ros.eval.samples import Reference

RED, BLUE = 0, 2


def reference_of(depth: np.ndarray) -> Reference:
    rows, columns = np.nonzero(np.isfinite(depth))
    places = columns.astype(np.float32), rows.astype(np.float32)
    return Reference(*places, depth[rows, columns].astype(np.float32), depth.shape)


def test_paint_depth_is_even_in_log_depth() -> None:
    middle = np.sqrt(pictures.NEAREST * pictures.FARTHEST)
    depth = np.float32([[pictures.NEAREST, middle, pictures.FARTHEST, np.nan, np.inf]])
    near, green, far, unknown, sky = pictures.paint_depth(depth)[0].astype(int)
    assert near[RED] > near[BLUE] + 50
    assert far[BLUE] > far[RED]
    assert green.argmax() == 1
    assert tuple(unknown) == (128, 128, 128)
    assert sky.min() > 170


def test_paint_depth_takes_what_cannot_be() -> None:
    painted = pictures.paint_depth(np.float32([[0, -1, 1e9]]))
    assert painted.shape == (1, 3, 3)


@pytest.mark.parametrize(
    ('ratio', 'colour'),
    [(1.0, (247, 247, 247)), (4.0, (103, 0, 31)), (0.25, (5, 48, 97)), (np.nan, (20, 20, 20))],
)
def test_paint_error(ratio: float, colour: tuple[int, int, int]) -> None:
    assert tuple(pictures.paint_error(np.log(np.float32([[ratio]])))[0, 0]) == colour


def test_shown_frame_of_a_dense_reference() -> None:
    truth = np.full((30, 40), 10, np.float32)
    prediction = truth.copy()
    prediction[:, :10], prediction[:, 10:20], prediction[:, 20:30] = 40, 5, np.nan
    image = np.full((60, 80, 3), 100, np.uint8)
    shown = pictures.shown_frame('best', 3, image, None, prediction, reference_of(truth), 80.0)
    assert (shown.rank, shown.frame, shown.enhanced) == ('best', 3, None)
    for picture in (shown.input, shown.depth, shown.reference, shown.error):
        assert picture is not None
        assert picture.shape == (360, 480, 3)
        assert picture.dtype == np.uint8
    quarters = [tuple(shown.error[180, column]) for column in (60, 180, 300, 420)]
    assert quarters == [(103, 0, 31), (5, 48, 97), (20, 20, 20), (247, 247, 247)]


def test_infinite_prediction_counts_as_the_cap() -> None:
    truth = np.full((4, 4), 60, np.float32)
    endless = np.full((4, 4), np.inf, np.float32)
    shown = pictures.shown_frame('worst', 0, None, None, endless, reference_of(truth), 60.0)
    assert np.all(shown.error == 247)


def test_sparse_points_are_discs_at_their_places() -> None:
    truth = np.full((48, 48), np.nan, np.float32)
    truth[12, 36] = 2
    image = np.zeros((48, 48, 3), np.uint8)
    overlay = pictures.reference_overlay(reference_of(truth), image, (48, 48))
    rows, columns = np.nonzero(overlay.any(axis=2))
    assert (rows.mean(), columns.mean()) == (12, 36)
    assert 9 <= len(rows) <= 49
    error = pictures.error_map(2 * np.ones((48, 48), np.float32), reference_of(truth), 80, None,
                               (48, 48))  # fmt: skip
    assert tuple(error[12, 36]) == (247, 247, 247)
    # The ground is grey, and told from a right prediction.
    assert tuple(error[0, 0]) == (110, 110, 110)
