"""When nothing more is to come."""

from __future__ import annotations

from steps_ros.ros.drain import Drain


def test_it_ends_when_all_is_done_and_the_node_has_spoken():
    drain = Drain(0.0)
    assert not drain.is_over(3, 2, 10.0)
    assert not drain.is_over(3, 3, 11.0)
    assert not drain.is_over(3, 3, 12.4)
    assert drain.is_over(3, 3, 12.5)


def test_it_ends_when_nothing_happens_any_more():
    drain = Drain(0.0)
    assert not drain.is_over(9, 2, 10.0)
    assert not drain.is_over(9, 3, 20.0)
    assert not drain.is_over(9, 3, 34.9)
    assert drain.is_over(9, 3, 35.0)
