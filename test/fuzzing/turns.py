"""
One target after the other, each in a process of its own that has all libraries loaded already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import multiprocessing
import os
from pathlib import Path
import sys

from fuzzing.findings import crashes_of, tried_in

# Of one input that takes as long as any may, on a machine with much else to do.
GRACE_S = 120
DONE = 'done'


def take_turns(
    names: Sequence[str], way: str, folder: Path, seconds: float, fuzz: Callable[[str], None]
) -> bool:
    """
    Give every target its time; print a line on each, return whether all ended as they should.

    :param fuzz: tries inputs of one target for about ``seconds``.
    """
    ends = [_turn(name, way, folder, seconds, fuzz) for name in names]
    return all(end == DONE for end in ends)


def _turn(name: str, way: str, folder: Path, seconds: float, fuzz: Callable[[str], None]) -> str:
    log = folder / f'{name}.{way}.log'
    process = multiprocessing.get_context('fork').Process(target=_logged, args=(fuzz, name, log))
    process.start()
    process.join(seconds + GRACE_S)
    if process.is_alive():
        process.kill()
        process.join()
        end = f'hung, see {log}'
    else:
        end = DONE if process.exitcode == 0 else f'ended with {process.exitcode}, see {log}'
    tried = tried_in(folder, name, way)
    print(f'{name:22} {way:10} {tried:10,} {len(crashes_of(folder, name)):8}  {end}', flush=True)
    return end


def _logged(fuzz: Callable[[str], None], name: str, log: Path) -> None:
    sys.stdout.flush()
    with log.open('wb') as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    fuzz(name)
