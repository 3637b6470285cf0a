"""Pictures for the browser: their width, and colours that keep their meaning."""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.inference.colour import colour_depth, colour_range
from steps_ros.view.pictures import DepthPainter, fit_width


def test_wide_pictures_are_scaled_with_their_aspect_and_narrow_ones_left_alone():
    wide = np.full((90, 160, 3), 7, np.uint8)
    assert fit_width(wide, 80).shape == (45, 80, 3)
    assert fit_width(wide, 160) is wide
    assert fit_width(np.zeros((1, 1000, 3), np.uint8), 10).shape == (1, 10, 3)


@pytest.fixture
def depth() -> np.ndarray:
    return np.linspace(2, 50, 64 * 96, dtype=np.float32).reshape(64, 96)


def test_depth_has_the_colours_of_run(depth):
    painted, colours = DepthPainter().paint(depth, 'm', 96)
    nearest, farthest = colour_range(depth)
    assert colours == (nearest, farthest, 'm')
    assert np.array_equal(painted, colour_depth(depth, nearest, farthest))


def test_depth_is_not_mixed_across_edges(depth):
    edge = np.full((64, 96), 2.0, np.float32)
    edge[:, 47:] = 50.0
    painted, _ = DepthPainter().paint(edge, 'm', 31)
    assert painted.shape[1] == 31
    assert len(np.unique(painted.reshape(-1, 3), axis=0)) == 2


def test_colours_stay_until_the_unit_changes_or_they_are_forgotten(depth):
    painter = DepthPainter()
    first = painter.paint(depth, 'relative', 96)[1]
    assert painter.paint(3 * depth, 'relative', 96)[1] == first
    metric = painter.paint(3 * depth, 'm', 96)[1]
    assert metric.nearest == pytest.approx(3 * first.nearest)
    painter.forget()
    assert painter.paint(depth, 'm', 96)[1] == (first.nearest, first.farthest, 'm')


def test_a_picture_without_depth_does_not_set_the_colours(depth):
    painter = DepthPainter()
    painted, _ = painter.paint(np.full_like(depth, np.nan), 'm', 96)
    assert len(np.unique(painted)) == 1
    assert painter.paint(depth, 'm', 96)[1][:2] == colour_range(depth)
