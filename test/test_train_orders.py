"""
Which triplets a step sees: the same for the same numbers, all of them once an epoch.
"""

from __future__ import annotations

import numpy as np
import pytest

from steps_ros.errors import SettingsError
from steps_ros.train.orders import day_order, Drawing, epoch_order


def test_an_epoch_holds_everything_once_in_an_order_of_its_own():
    order = epoch_order(3, 0, 50)
    assert sorted(order) == list(range(50))
    np.testing.assert_array_equal(order, epoch_order(3, 0, 50))
    assert (order != epoch_order(3, 1, 50)).any()
    assert (order != epoch_order(4, 0, 50)).any()


def test_the_order_is_the_same_on_every_machine_and_version():
    assert epoch_order(0, 0, 8).tolist() == [3, 2, 1, 6, 0, 7, 4, 5]


def test_day_partners_are_drawn_anew_each_epoch():
    longer = day_order(1, 0, 10, 4)
    assert sorted(longer[:4]) == [0, 1, 2, 3]
    np.testing.assert_array_equal(longer[4:8], longer[:4])
    shorter = day_order(1, 0, 10, 100)
    assert len(set(shorter)) == 10
    assert (shorter != day_order(1, 1, 10, 100)).any()


def test_steps_go_through_the_epochs_without_a_rest():
    drawing = Drawing(night_count=5, batch=2, seed=7)
    seen = np.concatenate([drawing.draw(step).night for step in range(5)])
    np.testing.assert_array_equal(seen, [*epoch_order(7, 0, 5), *epoch_order(7, 1, 5)])
    assert drawing.draw(0).day is None
    flips = np.concatenate([drawing.draw(step).night_flips for step in range(100)])
    assert 0.35 < flips.mean() < 0.65
    assert not Drawing(5, 2, flips=False).draw(0).night_flips.any()


def test_a_batch_may_be_larger_than_an_epoch():
    drawing = Drawing(night_count=3, batch=8, day_count=2)
    draw = drawing.draw(0)
    assert sorted(draw.night[:3]) == sorted(draw.night[3:6]) == [0, 1, 2]
    assert set(draw.day) == {0, 1}


def test_processes_share_what_one_would_draw():
    whole = Drawing(11, 4, seed=2, day_count=7)
    halves = [Drawing(11, 2, seed=2, day_count=7, rank=rank, world=2) for rank in (0, 1)]
    for step in (0, 3, 9):
        parts = [half.draw(step) for half in halves]
        for joined, expected in zip(zip(*parts, strict=True), whole.draw(step), strict=True):
            np.testing.assert_array_equal(np.concatenate(joined), expected)
    assert whole.steps_per_epoch == halves[0].steps_per_epoch == 3


@pytest.mark.parametrize('numbers', [{'night_count': 0}, {'batch': 0}, {'rank': 1}, {'seed': -1}])
def test_numbers_out_of_range(numbers):
    with pytest.raises(SettingsError, match='must be'):
        Drawing(**{'night_count': 5, 'batch': 2, **numbers})
