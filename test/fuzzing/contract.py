"""
What reading damaged input may do: give a value that is in order, or raise one clear line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
import re
import resource
import time
from typing import NamedTuple

from steps_ros.errors import StepsError

# Of the processor: seconds that pass while others work do not count.
MOST_SECONDS = 5.0
MOST_GROWTH_KIB = 1 << 20
LONGEST_LINE = 1200
# Of Linux: 5 resets the peak that the other tells. ru_maxrss is never reset.
CLEAR, STATUS = Path('/proc/self/clear_refs'), Path('/proc/self/status')
PEAK = re.compile(r'^VmHWM:\s+(\d+) kB', re.MULTILINE)


class Target(NamedTuple):
    """
    A reader under test.

    ``seeds`` makes valid inputs. ``check`` reads one, damaged or not, and asserts what must hold
    of the value that comes out; it may raise a StepsError. ``words`` are what a text is damaged
    with, none for other formats.
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], None]
    words: tuple[bytes, ...] = ()


def attempt(target: Target, content: bytes) -> None:
    """
    Read one input.

    :raises AssertionError: a value out of its contract, an error of more than one line, or a read
        that took too long or too much memory.
    :raises Exception: whatever the reader let through, which is no StepsError.
    """
    _forget_peak()
    started, held = time.process_time(), _peak_kib()
    try:
        target.check(content)
    except StepsError as error:
        _check_line(str(error))
    taken, grown = time.process_time() - started, _peak_kib() - held
    assert taken < MOST_SECONDS, f'took {taken:.1f} s'
    assert grown < MOST_GROWTH_KIB, f'took {grown >> 10} MiB'


def _check_line(said: str) -> None:
    assert said, 'an error without a word'
    assert said.isprintable(), f'not one printable line: {said!r}'
    assert len(said) <= LONGEST_LINE, f'a line of {len(said)} characters: {said[:80]}'


def _forget_peak() -> None:
    """Let the peak be what is held now, or a large input hides a larger one after it."""
    with suppress(OSError):
        CLEAR.write_text('5')


def _peak_kib() -> int:
    with suppress(OSError):
        found = PEAK.search(STATUS.read_text(encoding='utf8'))
        if found:
            return int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
