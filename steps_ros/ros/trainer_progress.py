"""
How far a training is, as ``~/progress`` says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from pathlib import Path
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

PREPARING, READING, FINISHING = 'preparing', 'reading', 'finishing'
DONE, REJECTED, STOPPED, FAILED = 'done', 'rejected', 'stopped', 'failed'
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
LEVELS = {REJECTED: WARN, FAILED: ERROR}


@dataclass(frozen=True)
class Progress:
    """
    How far a training is; replaced as a whole, so that every reader sees one moment.

    ``phase`` is one of the constants above or the name of a loop, ``teacher`` or ``train``;
    ``step`` counts what is done of ``steps``, which is None where nobody knows: in ``reading``
    the frames of a drive, else the steps of the loop. ``losses`` are named as in
    ``train.jsonl``. ``snapshot`` is the file that the loop saves to, ``result`` what came out.
    """

    phase: str = PREPARING
    message: str = ''
    step: int = 0
    steps: int | None = None
    losses: Mapping[str, float] = field(default_factory=dict)
    samples_per_s: float = math.nan
    waited_share: float = math.nan
    time_left_s: float = math.nan
    snapshot: Path | None = None
    result: Path | None = None
    verdict: str = ''

    @property
    def level(self) -> bytes:
        """How well it is, as diagnostics say it."""
        return LEVELS.get(self.phase, OK)

    @property
    def words(self) -> str:
        """One line for people."""
        if self.message:
            return f'{self.phase}: {self.message}'
        if self.steps is None:
            return self.phase
        left = '' if math.isnan(self.time_left_s) else f', {self.time_left_s:.0f} s left'
        total = f', total {self.losses["total"]:.4f}' if 'total' in self.losses else ''
        return f'{self.phase}: {self.step} of {self.steps}{total}{left}'


class Pace:
    """The mean pace since the first step that was seen."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def left_s(self, step: int, steps: int, now_s: float) -> float:
        """Return the seconds that are left; NaN at the first step."""
        if self._first is None:
            self._first = step, now_s
        first, begun_s = self._first
        if step == first:
            return math.nan
        return (now_s - begun_s) / (step - first) * (steps - step)


def progress_status(name: str, progress: Progress) -> DiagnosticStatus:
    """Return the progress as a status; what is not known yet is empty."""
    saved = progress.result or progress.snapshot
    age_s = math.nan if saved is None else _age_s(saved)
    values: dict[str, Any] = {
        'phase': progress.phase,
        'step': progress.step,
        'steps': '' if progress.steps is None else progress.steps,
        **{key: f'{value:.6g}' for key, value in progress.losses.items()},
        'samples_per_s': _number(progress.samples_per_s, 2),
        'waited_share': _number(progress.waited_share, 3),
        'time_left_s': _number(progress.time_left_s, 0),
        'checkpoint': '' if math.isnan(age_s) else saved,
        'checkpoint_age_s': _number(age_s, 1),
        'verdict': progress.verdict,
    }
    return DiagnosticStatus(
        name=name,
        level=progress.level,
        message=progress.words,
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )


def _number(value: float, digits: int) -> str:
    return '' if math.isnan(value) else f'{value:.{digits}f}'


def _age_s(path: Path) -> float:
    """Return how long ago a file was written; NaN where it was not."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return math.nan
