"""Time by part: inner parts are not the outer ones', and nothing stays watched."""

from types import SimpleNamespace

import pytest
import torch

from steps_ros.bench.stopwatch import Stopwatch, Watched


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that goes on by hand."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr('time.perf_counter', lambda: clock.now)
    return clock


@pytest.fixture
def work(clock) -> SimpleNamespace:
    work = SimpleNamespace()

    def inner():
        clock.now += 2

    def outer():
        clock.now += 1
        work.inner()
        clock.now += 4

    def failing():
        clock.now += 8
        raise ValueError('broken')

    work.inner, work.outer, work.failing = inner, outer, failing
    return work


def test_time_within_an_inner_part_is_not_the_outer_ones(work):
    stopwatch = Stopwatch(torch.device('cpu'))
    with stopwatch.watching([Watched(work, 'outer', 'a'), Watched(work, 'inner', 'b')]):
        work.outer()
        work.inner()
    assert stopwatch.seconds == {'a': 5, 'b': 4}


def test_functions_of_one_part_are_added_up(work):
    stopwatch = Stopwatch(torch.device('cpu'))
    with stopwatch.watching([Watched(work, 'outer', 'a'), Watched(work, 'inner', 'a')]):
        work.outer()
    assert stopwatch.seconds == {'a': 7}


def test_nothing_stays_watched_and_failures_count(work):
    before = vars(work).copy()
    stopwatch = Stopwatch(torch.device('cpu'))
    with (
        pytest.raises(ValueError, match='broken'),
        stopwatch.watching([Watched(work, 'failing', 'a'), Watched(work, 'outer', 'b')]),
    ):
        work.failing()
    assert vars(work) == before
    assert stopwatch.seconds == {'a': 8}


def test_a_function_that_is_not_there_leaves_the_others_as_they_were(work):
    before = vars(work).copy()
    watching = Stopwatch(torch.device('cpu')).watching(
        [Watched(work, 'inner', 'a'), Watched(work, 'gone', 'b')]
    )
    with pytest.raises(AttributeError, match='gone'), watching:
        pass
    assert vars(work) == before
