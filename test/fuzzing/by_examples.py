"""
Many examples of hypothesis, without memory of which were worth trying.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
import time

from hypothesis import given, HealthCheck, Phase, seed, settings

from fuzzing.contract import Target
from fuzzing.damage import damaged_inputs
from fuzzing.findings import Findings

EXAMPLES = 1000


def fuzz(target: Target, folder: Path, seconds: int) -> None:
    """
    Try damaged inputs until the time is over.

    :param folder: gets the crashes.
    """
    findings = Findings(target, folder, 'examples')
    end = time.monotonic() + seconds
    inputs = damaged_inputs(target)
    once = settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def attempted(content: bytes) -> None:
        if time.monotonic() < end:
            findings(content)

    for number in count(time.time_ns()):
        if time.monotonic() >= end:
            break
        seed(number)(once(given(inputs)(attempted)))()
    findings.count()
