"""Bands cover a picture once, on one thread and on several, and errors come through."""

import cv2
import numpy as np
import pytest

from steps_ros.inference.bands import BAND_ROWS, by_bands


@pytest.fixture(params=[1, 3])
def threads(request):
    former = cv2.getNumThreads()
    cv2.setNumThreads(request.param)
    yield request.param
    cv2.setNumThreads(former)


@pytest.mark.parametrize('height', [1, BAND_ROWS, 5 * BAND_ROWS + 3])
def test_every_row_is_worked_on_once(threads, height):
    counts = np.zeros(height, int)

    def work(rows):
        counts[rows] += 1

    by_bands(height, work)
    assert counts.tolist() == [1] * height


def test_an_error_is_raised_here(threads):
    def fail(rows):
        raise ValueError(rows.start)

    with pytest.raises(ValueError, match='0'):
        by_bands(2 * BAND_ROWS, fail)
