"""Measured points against depth: the median ratio, and what does not count."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.inference.scale.points import points_scale
from steps_ros.inference.scale.robust import Refusal

RANDOM = np.random.default_rng(0)
COLUMNS = RANDOM.uniform(0, 79, 400).astype(np.float32)
ROWS = RANDOM.uniform(0, 47, 400).astype(np.float32)
DEPTH = RANDOM.uniform(2, 10, (48, 80)).astype(np.float32)
METRES = 3.0 * DEPTH[np.rint(ROWS).astype(int), np.rint(COLUMNS).astype(int)]


def test_the_scale_is_metres_by_units():
    measured = points_scale(COLUMNS, ROWS, METRES, DEPTH)
    assert measured.value == pytest.approx(3.0)
    assert measured.spread == pytest.approx(0.0, abs=1e-6)
    assert measured.evidence == 400


def test_thirty_percent_of_wrong_points_on_one_side_hardly_matter():
    noisy = METRES * np.exp(0.05 * RANDOM.standard_normal(400)).astype(np.float32)
    noisy[:120] *= 3
    assert points_scale(COLUMNS, ROWS, noisy, DEPTH).value == pytest.approx(3.0, rel=0.05)


def test_unknown_depth_and_points_too_near_or_far_do_not_count():
    depth = DEPTH.copy()
    depth[:24] = np.nan
    depth[24:36] = np.inf
    measured = points_scale(COLUMNS, ROWS, METRES, depth)
    assert measured.value == pytest.approx(3.0)
    assert measured.evidence == int((np.rint(ROWS) >= 36).sum())
    assert isinstance(points_scale(COLUMNS, ROWS, METRES * 0 + 80, DEPTH), Refusal)


def test_few_points_are_refused():
    refused = points_scale(COLUMNS[:20], ROWS[:20], METRES[:20], DEPTH)
    assert refused.reason == '20 points in the picture of at least 50'
