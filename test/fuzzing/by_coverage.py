"""
Inputs that go new ways through the code are damaged further, with atheris.
"""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
from pathlib import Path
import random
import sys

import atheris

READERS = ['steps_ros', 'rosbags', 'mcap', 'yaml']
with atheris.instrument_imports(include=READERS):
    from fuzzing import targets  # noqa: F401
from fuzzing.contract import Target
from fuzzing.damage import damaged
from fuzzing.findings import CRASHES, Findings

SLOWEST_S = 30
MOST_MIB = 4096


def fuzz(target: Target, folder: Path, seconds: int) -> None:
    """
    Try damaged inputs until the time is over; does not return.

    :param folder: gets the corpus, which a later run begins with, and the crashes.
    """
    seeds = target.seeds()
    corpus = folder / 'corpus' / target.name
    _fill(corpus, seeds)

    def mutated(content: bytes, largest: int, number: int) -> bytes:
        choice = random.Random(number)
        if not choice.randrange(3):
            return bytes(atheris.Mutate(content, largest))
        return damaged(content, seeds, target.words, choice.randrange)[:largest]

    arguments = [
        sys.argv[0],
        str(corpus),
        f'-max_total_time={seconds}',
        f'-artifact_prefix={folder / CRASHES / target.name}/',
        f'-timeout={SLOWEST_S}',
        f'-rss_limit_mb={MOST_MIB}',
        f'-max_len={2 * max(map(len, seeds)) + 4096}',
        '-report_slow_units=1000000',
        '-verbosity=0',
    ]
    findings = Findings(target, folder, 'coverage')
    atheris.Setup(arguments, findings, custom_mutator=mutated)
    atheris.Fuzz()


def _fill(corpus: Path, seeds: Sequence[bytes]) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for content in seeds:
        (corpus / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
