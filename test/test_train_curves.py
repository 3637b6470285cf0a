"""The picture of a training's curves: every number that says something, over the steps."""

import importlib.util

import cv2
import numpy as np

from steps_ros.train import curves
from steps_ros.train.curves import curves_png, MOST_POINTS


def lines(count):
    return [
        {'step': step, 'total': 1 / step, 'adversarial': 0.0, 'discriminator_weighted': 1.0}
        for step in range(1, count + 1)
    ]


def test_there_is_a_panel_for_each_number_that_is_not_always_0():
    one, two = (curves_png(lines(9), [{'step': 9, **more}], 9) for more in ({}, {'score': 0.5}))
    wide = cv2.imdecode(np.frombuffer(two, np.uint8), cv2.IMREAD_GRAYSCALE)
    narrow = cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_GRAYSCALE)
    # Two panels are one row; the right one is empty without a validation.
    assert wide.shape == narrow.shape
    right = np.s_[20:120, wide.shape[1] // 2 + 20 :]
    assert narrow[right].min() == 255
    assert wide[right].min() < 200


def test_a_long_line_is_drawn_as_means():
    steps, values = curves._means(lines(1001), 'step', -(-1001 // MOST_POINTS))
    assert len(steps) <= MOST_POINTS
    assert steps[[0, 1, -1]].tolist() == [6, 12, 1001]
    assert values[[0, 1, -1]].tolist() == [3.5, 9.5, 999]


def test_without_the_library_there_is_no_picture_and_a_line_says_so(monkeypatch, caplog):
    monkeypatch.setattr(curves, 'find_spec', lambda name: None)
    assert curves_png(lines(2), [], 2) is None
    assert 'pip install matplotlib' in caplog.text
    assert importlib.util.find_spec('matplotlib') is not None
