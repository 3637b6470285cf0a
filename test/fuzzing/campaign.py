"""
All targets by examples, then by coverage, and a list of what broke.
"""

from __future__ import annotations

from collections.abc import Sequence
import importlib.util
import os
from pathlib import Path
import subprocess
import sys

from fuzzing.findings import crashes_of, tried_in

EXAMPLES, COVERAGE = 'examples', 'coverage'


def run_campaign(names: Sequence[str], folder: Path, minutes: float) -> bool:
    """
    Fuzz the targets; return whether none broke.

    :param folder: gets corpus and crashes; what is there is gone on with.
    :param minutes: of fuzzing in all, without the time to start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ways = [EXAMPLES]
    if importlib.util.find_spec('atheris') is not None:
        ways.append(COVERAGE)
    else:
        print('atheris is not installed (pip install atheris): by examples alone')
    seconds = max(1, round(minutes * 60 / len(names) / len(ways)))
    print(f'{"target":22} {"way":10} {"tried":>10} {"crashes":>8}  end', flush=True)
    are_done = [_run(way, names, folder, seconds) for way in ways]
    tried = sum(tried_in(folder, name, way) for name in names for way in ways)
    crashes = [(name, path) for name in names for path in crashes_of(folder, name)]
    for name, path in crashes:
        print(f'{name} broke; repeat it: {_repeat(name, path)}')
    print(f'{tried:,} inputs, {len(crashes)} crashes, in {folder}')
    return not crashes and all(are_done)


def _run(way: str, names: Sequence[str], folder: Path, seconds: int) -> bool:
    command = [sys.executable, '-m', 'fuzzing', way, str(folder), str(seconds), *names]
    return subprocess.run(command, check=False).returncode == 0


def _repeat(name: str, path: Path) -> str:
    command = f'{sys.executable} -m fuzzing repeat {name} {path}'
    return f'PYTHONPATH={os.environ.get("PYTHONPATH", "")} {command}'
