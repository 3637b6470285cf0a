"""Bands cover a picture once."""

import numpy as np
import pytest

from steps_ros.inference.bands import BAND_ROWS, bands


@pytest.mark.parametrize('height', [1, BAND_ROWS, 5 * BAND_ROWS + 3])
def test_every_row_is_in_one_band(height):
    counts = np.zeros(height, int)
    for rows in bands(height):
        counts[rows] += 1
    assert counts.tolist() == [1] * height
