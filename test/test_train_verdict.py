"""What is accepted, by which number it is refused, and how snapshots are ranked."""

import math

import pytest

from steps_ros.train.verdict import Measure, Verdict


@pytest.mark.parametrize(
    ('before', 'after', 'tolerance', 'accepted'),
    [
        (0.3, 0.3, 0.0, True),
        (0.3, 0.3001, 0.0, False),
        (1.0, 1.1, 0.1, True),
        (1.0, 0.96, -0.05, False),
        (0.0, 0.0, 0.0, True),
        (0.3, math.nan, 0.0, False),
        (0.3, math.inf, 0.0, False),
    ],
)
def test_not_worse_than_before_is_accepted(before, after, tolerance, accepted):
    verdict = Verdict((Measure('abs_rel', before, after, tolerance),))
    assert verdict.is_accepted == accepted


def test_the_worst_number_decides_and_is_named():
    verdict = Verdict((Measure('loss', 2.0, 1.0), Measure('flicker', 1.0, 1.5)))
    assert verdict.score == 1.5
    assert verdict.words == (
        'Rejected for flicker: on the validation drive loss 1.00000 against 2.00000; flicker '
        '1.50000 against 1.00000.'
    )
    assert verdict.numbers() == {'loss': 1.0, 'flicker': 1.5, 'score': 1.5}
    assert Verdict((Measure('loss', 2.0, 1.0),)).words.startswith('Accepted: on the')
