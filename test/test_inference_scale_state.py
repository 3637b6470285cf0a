"""What users read of the scale."""

from __future__ import annotations

import math

import pytest

from steps_ros.inference.scale.state import (
    fixed_scale,
    given_scale,
    RELATIVE,
    ScaleKind,
    ScaleState,
)


def test_a_measured_scale_says_how_sure_and_how_old_it_is():
    state = ScaleState(ScaleKind.METRIC, 'lidar', 2.5, 0.02, 3.0, '')
    assert state.text == 'metric: 2.5 m a unit from lidar, spread 2.0%, 3.0 s old'
    assert state.factor == 2.5


@pytest.mark.parametrize('kind', [ScaleKind.STALE, ScaleKind.RELATIVE])
def test_a_scale_that_is_not_metric_is_not_applied(kind):
    state = ScaleState(kind, 'lidar', 2.5, 0.02, 40.0, 'no points')
    assert state.text == f'{kind.value}: depth is not in metres (no points)'
    assert (state.is_metric, state.factor) == (False, 1.0)


def test_an_option_that_is_left_out_gives_no_scale():
    assert given_scale(None, '--metric-scale') is RELATIVE
    given = given_scale(3.0, '--metric-scale')
    assert given == fixed_scale(3.0, '--metric-scale')
    assert (given.value, given.spread, given.age_s) == (3.0, 0.0, 0.0)
    assert math.isnan(RELATIVE.value)
