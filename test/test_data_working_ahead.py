"""
Work in threads: order, errors at their turn, and a bounded lead.
"""

from __future__ import annotations

import time

import pytest

from steps_ros.data.working_ahead import AHEAD, in_order


def test_results_come_in_order():
    def work(number):
        time.sleep(0.01 * (number % 3))
        return number * number

    assert list(in_order(work, range(20))) == [number * number for number in range(20)]


def test_no_more_is_taken_than_is_worked_on():
    taken = []

    def items():
        for number in range(50):
            taken.append(number)
            yield number

    results = in_order(lambda number: number, items())
    assert next(results) == 0
    assert len(taken) == AHEAD + 1
    results.close()


def test_errors_come_at_their_turn():
    def items():
        yield from range(3)
        raise ValueError('the source broke')

    seen = []
    with pytest.raises(ValueError, match='the source broke'):
        seen.extend(in_order(lambda number: number, items()))
    results = in_order(lambda number: 1 // (2 - number), range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
