"""What became of each frame: no sum hides one that is lost behind one that came twice."""

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from steps_ros.ros.names import CAMERA_INFO, DEPTH, POINTS
from steps_ros.ros.soak_ledger import Ledger, TOPICS


def ledger(outputs=None, drops=(), unsure=(), without=()):
    """Return a ledger of frames that came with all outputs but some."""
    came = {topic: list(outputs or []) for topic in TOPICS if topic not in without}
    return Ledger(came, drops, unsure)


@pytest.mark.parametrize(
    ('heard', 'end'),
    [
        (ledger([0]), 'out'),
        (ledger([0], unsure=[0]), 'unsure'),
        (ledger([0], without=(CAMERA_INFO, POINTS)), 'uncalibrated'),
        (ledger([0], without=(POINTS,)), 'incomplete'),
        (ledger([0], without=(DEPTH,)), 'incomplete'),
        (ledger(drops=[(0, 'superseded')]), 'superseded'),
        (ledger(), 'lost'),
        (ledger([0, 0]), 'doubled'),
        (ledger([0], drops=[(0, 'failed')]), 'doubled'),
        (ledger(drops=[(0, 'bad_frame'), (0, 'superseded')]), 'doubled'),
    ],
)
def test_a_frame_ends_in_one_way(heard, end):
    assert heard.ends(1) == [end]


def test_one_lost_and_one_doubled_do_not_make_two_good_ones():
    assert ledger([1, 1]).ends(2) == ['lost', 'doubled']
    assert ledger([1], drops=[(1, 'superseded')]).ends(2) == ['lost', 'doubled']


def test_what_was_not_sent_is_told():
    heard = ledger([0, 2], drops=[(-1, 'bad_frame')])
    assert heard.ends(2) == ['out', 'lost']
    assert heard.strangers(2) == len(TOPICS) + 1


def test_depths_and_drops_are_counted_once():
    heard = ledger([0, 0, 1], drops=[(2, 'bad_frame'), (3, 'bad_frame'), (4, 'superseded')])
    assert heard.depths == 2
    assert heard.dropped == {'bad_frame': 2, 'superseded': 1}


def test_a_listener_that_wrote_nothing_makes_all_lost():
    assert Ledger.read({}).ends(2) == ['lost', 'lost']
