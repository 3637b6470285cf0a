"""The first Ctrl-C counts, the second is ignored, and none leaves the handler as it was."""

from __future__ import annotations

import signal
import subprocess
import sys
from threading import Thread

import pytest

from steps_ros.cli.interrupt import held_interrupt, one_interrupt

WAYS = [one_interrupt, held_interrupt]


@pytest.fixture(autouse=True)
def _former_handler():
    former = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, former)


def interrupted(way, done):
    with way():
        signal.raise_signal(signal.SIGINT)
        done.append('rest of the block')


def test_one_interrupt_stops_at_once():
    done = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(one_interrupt, done)
    assert done == []


def test_held_interrupt_stops_at_the_end():
    done = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(held_interrupt, done)
    assert done == ['rest of the block']


def test_held_interrupt_can_be_asked_for():
    seen = []

    def work():
        with held_interrupt() as is_interrupted:
            seen.append(is_interrupted())
            signal.raise_signal(signal.SIGINT)
            seen.append(is_interrupted())

    with pytest.raises(KeyboardInterrupt):
        work()
    assert seen == [False, True]


@pytest.mark.parametrize('way', WAYS)
def test_second_interrupt_is_ignored_outside_too(way):
    def work():
        with one_interrupt():
            interrupted(way, [])

    with pytest.raises(KeyboardInterrupt):
        work()
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize('way', WAYS)
def test_second_interrupt_is_ignored(way):
    with pytest.raises(KeyboardInterrupt):
        interrupted(way, [])
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize('way', WAYS)
def test_former_handler_comes_back(way):
    former = signal.getsignal(signal.SIGINT)
    with way():
        assert signal.getsignal(signal.SIGINT) is not former
    assert signal.getsignal(signal.SIGINT) is former


@pytest.mark.parametrize('way', WAYS)
def test_other_threads_change_nothing(way):
    former = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with way():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [former]


def test_leaving_on_interrupt_ends_the_process_quietly():
    code = (
        'import signal\n'
        'from steps_ros.cli.interrupt import leaving_on_interrupt\n'
        'with leaving_on_interrupt():\n'
        '    signal.raise_signal(signal.SIGINT)\n'
        'print("not reached")\n'
    )
    ended = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, '', 'interrupted\n')
