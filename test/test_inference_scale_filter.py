"""From measurements to a scale: what it takes, what does not move it, and when it ends."""

from __future__ import annotations

import math

import numpy as np
import pytest

from steps_ros.errors import SettingsError
from steps_ros.inference.scale.filter import ScaleFilter
from steps_ros.inference.scale.robust import Measurement, middle, Refusal
from steps_ros.inference.scale.settings import ScaleSettings
from steps_ros.inference.scale.state import fixed_scale, RELATIVE, ScaleKind

SETTINGS = ScaleSettings(source='lidar')


def fed(values, rate_hz=10.0, scale=None, start_s=0.0):
    """Give a filter one measurement after the other; return it and the time of the last."""
    scale = scale or ScaleFilter(SETTINGS)
    time_s = start_s
    for value in values:
        time_s += 1 / rate_hz
        scale.add(time_s, Measurement(value, 0.02, 500))
    return scale, time_s


def test_nothing_is_metric_without_a_source():
    assert RELATIVE.kind is ScaleKind.RELATIVE
    assert RELATIVE.factor == 1.0
    assert 'not in metres' in RELATIVE.text


def test_a_scale_that_the_user_gives_is_metric_at_once():
    state = fixed_scale(2.5)
    assert state.is_metric
    assert (state.factor, state.source, state.text) == (
        2.5,
        'fixed',
        'metric: 2.5 m a unit from fixed',
    )


def test_few_measurements_are_not_enough():
    scale, now = fed([2.0] * 4)
    state = scale.state(now)
    assert state.kind is ScaleKind.RELATIVE
    assert state.reason == '4 measurements of at least 5'
    scale, now = fed([2.0], scale=scale, start_s=now)
    assert scale.state(now).is_metric
    assert scale.state(now).factor == pytest.approx(2.0)


def test_a_third_of_outliers_on_one_side_hardly_moves_it():
    random = np.random.default_rng(0)
    values = 2.0 * np.exp(0.03 * random.standard_normal(100))
    values[random.random(100) < 0.3] *= 1.8
    scale, now = fed(values)
    state = scale.state(now)
    assert state.value == pytest.approx(2.0, rel=0.05)
    assert state.spread == pytest.approx(0.03, rel=0.5)


def test_outliers_after_the_start_are_not_let_in():
    scale, now = fed([2.0] * 20)
    scale, now = fed([3.5] * 20, scale=scale, start_s=now)
    state = scale.state(now)
    assert state.is_metric
    assert state.value == pytest.approx(2.0)
    assert 'far from 2' in state.reason


def test_measurements_that_contradict_each_other_are_no_scale():
    scale, now = fed([1.0, 2.0, 3.0, 1.5, 0.7, 2.4, 1.2, 0.6])
    assert scale.state(now).kind is ScaleKind.RELATIVE
    assert 'differ by' in scale.state(now).reason


def test_refusals_are_held_and_then_the_scale_is_stale_and_not_applied():
    scale, now = fed([2.0] * 10)
    scale.add(now + 1, Refusal('the vehicle stands'))
    held = scale.state(now + 29.9)
    assert held.is_metric
    assert held.age_s == pytest.approx(29.9)
    assert held.reason == 'the vehicle stands'
    stale = scale.state(now + 30.1)
    assert stale.kind is ScaleKind.STALE
    assert (stale.factor, round(stale.value, 3)) == (1.0, 2.0)
    assert 'the vehicle stands' in stale.text


def test_a_scale_that_frames_stopped_to_confirm_says_what_it_takes():
    empty = ScaleFilter(SETTINGS).state(5.0).reason
    assert empty == 'no frame was measured; it takes images, and a subscriber of depth or cloud'
    scale, now = fed([2.0] * 10)
    stale = scale.state(now + 31)
    assert stale.reason == f'for 31 s nothing confirmed the scale: {empty}'


def test_after_it_went_stale_it_begins_anew_even_at_another_value():
    scale, now = fed([2.0] * 10)
    scale, now = fed([5.0] * 4, scale=scale, start_s=now + 31)
    assert scale.state(now).kind is ScaleKind.STALE
    scale, now = fed([5.0], scale=scale, start_s=now)
    assert scale.state(now).is_metric
    assert scale.state(now).value == pytest.approx(5.0)


def test_a_lasting_change_is_followed_smoothly():
    scale, now = fed([2.0] * 60)
    seen = []
    for _ in range(100):
        scale, now = fed([2.4], scale=scale, start_s=now)
        seen.append(scale.state(now).value)
    assert max(np.diff(np.log([2.0, *seen]))) < 0.03
    assert seen[-1] == pytest.approx(2.4, rel=0.01)


def test_no_age_and_no_spread_before_there_is_a_scale():
    state = ScaleFilter(SETTINGS).state(5.0)
    assert all(map(math.isnan, (state.value, state.age_s, state.spread)))
    assert state.source == 'lidar'


def test_middle_leaves_out_what_is_far():
    found = middle(np.array([1.0, 1.1, 0.9, 1.0, 9.0, 8.0]))
    assert found.value == pytest.approx(1.0)
    assert found.kept.tolist() == [True] * 4 + [False] * 2


def test_depth_that_must_be_metric_needs_a_source():
    with pytest.raises(SettingsError, match='never publish a depth'):
        ScaleSettings(when_unhealthy='nan')


def steady(settings=SETTINGS):
    """Return a filter that was told 1 metre a unit at the seconds 0 to 5."""
    scale = ScaleFilter(settings)
    for second in range(6):
        scale.add(float(second), Measurement(1.0, 0.02, 500))
    return scale


def test_a_scale_is_as_old_as_its_last_confirmation():
    scale = steady()
    assert [scale.state(second).age_s for second in (4.0, 5.0, 7.5)] == [0.0, 0.0, 2.5]


def test_it_holds_to_the_last_moment():
    scale = steady(ScaleSettings(source='lidar', hold_s=8.0))
    assert scale.state(13.0).kind is ScaleKind.METRIC
    assert scale.state(13.25).kind is ScaleKind.STALE
    # To that moment what is far from it is not let in.
    scale.add(13.0, Measurement(3.0, 0.02, 500))
    assert scale.state(13.0).reason.startswith('measured 3 m a unit, far from 1')
    scale.add(13.25, Measurement(3.0, 0.02, 500))
    assert 'far from' not in scale.state(13.25).reason


def test_what_is_just_at_the_gate_is_let_in():
    scale = steady(ScaleSettings(source='lidar', outlier_gate=1.0))
    scale.add(6.0, Measurement(2.0, 0.02, 500))
    assert scale.state(6.0).reason == ''
    scale.add(7.0, Measurement(2.01, 0.02, 500))
    assert scale.state(7.0).reason.startswith('measured 2.01 m a unit, far from 1')


def test_a_measurement_counts_to_the_end_of_the_window():
    settings = ScaleSettings(source='lidar', window_s=4.0, min_samples=5)
    scale = ScaleFilter(settings)
    for second in range(5):
        scale.add(float(second), Measurement(1.0, 0.02, 500))
    assert scale.state(4.0).is_metric
    late = ScaleFilter(settings)
    for second in (0.0, 1.0, 2.0, 3.0, 4.25):
        late.add(second, Measurement(1.0, 0.02, 500))
    assert late.state(4.25).reason == '4 measurements of at least 5'


def test_measurements_may_differ_by_the_most_spread():
    values = [1.0, 1.1, 0.9, 1.05, 0.95]
    most = middle(np.log(values)).sigma
    for bound, is_metric in ((most, True), (0.999 * most, False)):
        scale = ScaleFilter(ScaleSettings(source='lidar', max_spread=bound))
        for second, value in enumerate(values):
            scale.add(float(second), Measurement(value, 0.02, 500))
        assert scale.state(4.0).is_metric is is_metric


def test_the_scale_follows_the_window_with_its_time_constant():
    settings = ScaleSettings(source='lidar', smoothing_s=4.0, window_s=1.0, min_samples=1)
    scale = ScaleFilter(settings)
    scale.add(0.0, Measurement(1.0, 0.02, 500))
    scale.add(2.0, Measurement(1.4, 0.02, 500))
    assert scale.state(2.0).value == pytest.approx(1.4 ** (1 - math.exp(-0.5)))
