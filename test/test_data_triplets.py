"""
Which frames are joined in threes.
"""

from __future__ import annotations

from make_bags import SECOND
import pytest

from steps_ros.data.triplets import EDGE, form_triplets, FrameNote, GAP


def formed(stamps_s, rows=None, sequences=None, longest_gap=2.5):
    count = len(stamps_s)
    notes = [
        FrameNote(round(stamp * SECOND), sequence, row)
        for stamp, sequence, row in zip(
            stamps_s, sequences or [0] * count, rows or range(count), strict=True
        )
    ]
    return form_triplets(notes, longest_gap)


def test_every_three_frames_that_follow_each_other():
    triplets = formed([0, 0.1, 0.2, 0.3])
    assert triplets.rows.tolist() == [[0, 1, 2], [1, 2, 3]]
    assert triplets.period_ns == SECOND // 10
    assert triplets.reasons == {EDGE: 2}


def test_not_over_a_gap_of_more_than_so_many_periods():
    stamps = [0, 0.1, 0.2, 0.45, 0.55, 0.65, 0.91]
    triplets = formed(stamps)
    assert triplets.rows.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert triplets.reasons == {EDGE: 2, GAP: 1}
    assert len(formed(stamps, longest_gap=3.0).rows) == 5


@pytest.mark.parametrize('back', [0.2, 0.15])
def test_not_over_a_step_back_or_none(back):
    triplets = formed([0, 0.1, 0.2, back, 0.3, 0.4])
    assert triplets.rows.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_dropped_frames_in_between_do_no_harm_until_a_second():
    stamps = [index / 10 for index in range(8)]
    assert formed(stamps, [0, -1, -1, -1, 1, 2, -1, 3]).rows.tolist() == [[0, 1, 2], [1, 2, 3]]
    stamps = [index / 2 for index in range(6)]
    assert formed(stamps, [0, 1, -1, -1, 2, 3]).rows.tolist() == []


def test_not_from_one_sequence_to_the_next():
    stamps = [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    triplets = formed(stamps, sequences=[0, 0, 0, 1, 1, 1])
    assert triplets.rows.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert triplets.reasons == {EDGE: 4}


@pytest.mark.parametrize('count', [0, 1, 2])
def test_fewer_than_three_give_none(count):
    triplets = formed([index / 10 for index in range(count)])
    assert triplets.rows.shape == (0, 3)
