"""The first Ctrl-C or SIGTERM counts, later ones are ignored, none leaves the handlers as were."""

from __future__ import annotations

import signal
import subprocess
import sys
from threading import Thread

import pytest

from steps_ros.cli.interrupt import held_interrupt, one_interrupt, SIGNALS

WAYS = [one_interrupt, held_interrupt]


@pytest.fixture(autouse=True)
def _former_handlers():
    former = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.fixture(params=SIGNALS)
def number(request):
    """Return one signal after the other."""
    return request.param


def interrupted(way, number, done):
    with way():
        signal.raise_signal(number)
        done.append('rest of the block')


def test_one_interrupt_stops_at_once(number):
    done = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(one_interrupt, number, done)
    assert done == []


def test_held_interrupt_stops_at_the_end(number):
    done = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(held_interrupt, number, done)
    assert done == ['rest of the block']


def test_held_interrupt_can_be_asked_for(number):
    seen = []

    def work():
        with held_interrupt() as is_interrupted:
            seen.append(is_interrupted())
            signal.raise_signal(number)
            seen.append(is_interrupted())

    with pytest.raises(KeyboardInterrupt):
        work()
    assert seen == [False, True]


@pytest.mark.parametrize('way', WAYS)
def test_second_interrupt_is_ignored_outside_too(way, number):
    def work():
        with one_interrupt():
            interrupted(way, number, [])

    with pytest.raises(KeyboardInterrupt):
        work()
    for later in SIGNALS:
        signal.raise_signal(later)


@pytest.mark.parametrize('way', WAYS)
def test_second_interrupt_is_ignored(way, number):
    with pytest.raises(KeyboardInterrupt):
        interrupted(way, number, [])
    for later in SIGNALS:
        signal.raise_signal(later)


@pytest.mark.parametrize('way', WAYS)
def test_former_handler_comes_back(way, number):
    former = signal.getsignal(number)
    with way():
        assert signal.getsignal(number) is not former
    assert signal.getsignal(number) is former


@pytest.mark.parametrize('way', WAYS)
def test_other_threads_change_nothing(way, number):
    former = signal.getsignal(number)
    seen = []

    def work():
        with way():
            seen.append(signal.getsignal(number))

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [former]


def test_leaving_on_interrupt_ends_the_process_quietly(number):
    code = (
        'import signal\n'
        'from steps_ros.cli.interrupt import leaving_on_interrupt\n'
        'with leaving_on_interrupt():\n'
        f'    signal.raise_signal({int(number)})\n'
        'print("not reached")\n'
    )
    ended = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, '', 'interrupted\n')
