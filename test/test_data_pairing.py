"""
Nearest pairs, taken as soon as they are certain, out of bounded buffers.
"""

from __future__ import annotations

import pytest

from steps_ros.data.pairing import LATENESS_NS, MAX_HELD, Message, Pairing

MS = 1_000_000


def message(stamp_ms, receive_ms=None):
    return Message(stamp_ms * MS, (stamp_ms if receive_ms is None else receive_ms) * MS, None)


def stamps(pairs):
    return [
        (pair.picture.stamp_ns // MS, pair.reference and pair.reference.stamp_ns // MS)
        for pair in pairs
    ]


def test_waits_for_a_reference_that_is_later():
    pairing = Pairing(50 * MS)
    pairing.add_reference(message(90))
    pairing.add_picture(message(100))
    assert stamps(pairing.ready(100 * MS)) == []
    pairing.add_reference(message(105))
    assert stamps(pairing.ready(105 * MS)) == [(100, 105)]


def test_equally_near_is_the_earlier():
    pairing = Pairing(50 * MS)
    for stamp in (95, 105):
        pairing.add_reference(message(stamp))
    pairing.add_picture(message(100))
    assert stamps(pairing.ready(105 * MS)) == [(100, 95)]


def test_one_reference_for_several_pictures():
    pairing = Pairing(50 * MS)
    for stamp in (90, 100, 110):
        pairing.add_picture(message(stamp))
    pairing.add_reference(message(101))
    assert stamps(pairing.ready(111 * MS)) == [(90, 101), (100, 101)]
    assert stamps(pairing.rest()) == [(110, 101)]


def test_reference_that_is_recorded_late_is_still_found():
    pairing = Pairing(50 * MS)
    pairing.add_picture(message(100, 100))
    pairing.add_picture(message(200, 200))
    pairing.add_reference(message(102, 230))
    assert stamps(pairing.ready(230 * MS)) == [(100, 102)]


def test_waits_until_the_motion_is_known():
    pairing = Pairing(50 * MS)
    pairing.add_picture(message(100))
    pairing.add_reference(message(120))
    assert stamps(pairing.ready(120 * MS, 110 * MS)) == []
    assert stamps(pairing.ready(130 * MS, 120 * MS)) == [(100, 120)]


def test_nobody_waits_for_ever():
    pairing = Pairing(50 * MS)
    pairing.add_picture(message(100))
    assert stamps(pairing.ready(100 * MS + LATENESS_NS)) == []
    assert stamps(pairing.ready(101 * MS + LATENESS_NS)) == [(100, None)]


@pytest.mark.parametrize('silent', ['pictures', 'references'])
def test_buffers_are_bounded(silent):
    pairing = Pairing(50 * MS)
    for index in range(2000):
        if silent == 'pictures':
            pairing.add_reference(message(index))
        else:
            pairing.add_picture(message(index))
        list(pairing.ready(index * MS))
        assert pairing.held <= MAX_HELD + 1
