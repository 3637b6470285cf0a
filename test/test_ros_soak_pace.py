"""The rate of a soak: measured at the start, then as fast as is held."""

import pytest

from steps_ros.ros.soak_pace import FASTEST_S, Pace, PROBE_TICKS, SLOWEST_S, WINDOW_TICKS


def test_the_rate_is_measured_with_room():
    pace = Pace()
    for taken_s in (5.0, 5.0, 5.0, 5.0, *[0.1] * (PROBE_TICKS - 4)):
        assert pace.is_probing
        pace.probed(taken_s)
    assert not pace.is_probing
    assert pace.period_s == pytest.approx(0.15)


@pytest.mark.parametrize(('taken_s', 'period_s'), [(0.001, FASTEST_S), (90.0, SLOWEST_S)])
def test_the_rate_has_limits(taken_s, period_s):
    pace = Pace()
    for _ in range(PROBE_TICKS):
        pace.probed(taken_s)
    assert pace.period_s == period_s


@pytest.mark.parametrize(('late', 'factor'), [(0, 0.95), (1, 1.0), (2, 1.0), (3, 1.25)])
def test_it_follows_what_the_node_holds(late, factor):
    pace = Pace(0.2)
    for tick in range(WINDOW_TICKS):
        pace.judge(tick < late)
    assert pace.period_s == pytest.approx(0.2 * factor)
