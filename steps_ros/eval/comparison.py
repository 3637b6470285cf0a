"""
What two reports say together, as values.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any, Literal, NamedTuple

from steps_ros.eval.metrics import Alignment, DepthErrors
from steps_ros.eval.report import Interval

Verdict = Literal['better', 'worse', 'not clear', 'same']
FORMAT = 1


class Side(NamedTuple):
    """One of the two reports; ``method`` is the text of its settings that says what predicts."""

    path: str
    version: str
    method: str
    frames: int
    is_partial: bool


class Difference(NamedTuple):
    """
    One number over the ``frames`` that both reports know it of: both means, and second less first.

    ``alignment`` is empty where the number does not depend on it. ``verdict`` is about the second
    report; ``not clear`` where the interval holds zero.
    """

    alignment: str
    metric: str
    frames: int
    first: float
    second: float
    change: Interval
    verdict: Verdict

    @property
    def relative(self) -> float:
        """Return the change as a share of the first mean, NaN where that is 0."""
        return self.change.value / self.first if self.first else math.nan


class RowDifference(NamedTuple):
    """A row that a table has in both reports, under one alignment."""

    name: str
    alignment: Alignment
    first: DepthErrors
    second: DepthErrors

    @property
    def change(self) -> DepthErrors:
        """Return second less first."""
        return DepthErrors(*(b - a for a, b in zip(self.first, self.second, strict=True)))


class TableDifference(NamedTuple):
    """The rows that both reports have in a table; pooled numbers, without an interval."""

    name: str
    title: str
    rows: tuple[RowDifference, ...]


class SettingDifference(NamedTuple):
    """A setting in which the reports differ, as text."""

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Comparison:
    """
    What two reports say together.

    ``alignment`` is the one that the first report's verdicts are about. ``warnings`` say in one
    line each why the numbers may not be of the same thing. ``block`` is the number of consecutive
    frames that the bootstrap keeps together.
    """

    first: Side
    second: Side
    alignment: Alignment
    frames: int
    only_first: int
    only_second: int
    block: int
    warnings: tuple[str, ...]
    settings: tuple[SettingDifference, ...]
    differences: tuple[Difference, ...]
    tables: tuple[TableDifference, ...]

    def headline(self) -> Difference:
        """Return the difference of abs_rel under the alignment of the verdicts."""
        return next(
            item for item in self.differences
            if (item.alignment, item.metric) == (self.alignment, 'abs_rel')
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """Return the content of ``comparison.json``; NaN becomes null."""
        return {
            'comparison_format': FORMAT,
            'first': self.first._asdict(),
            'second': self.second._asdict(),
            'alignment': self.alignment,
            'frames': self.frames,
            'only_first': self.only_first,
            'only_second': self.only_second,
            'block': self.block,
            'warnings': list(self.warnings),
            'settings': [item._asdict() for item in self.settings],
            'differences': [_plain_difference(item) for item in self.differences],
            'tables': {
                table.name: {'title': table.title, 'rows': [_plain_row(row) for row in table.rows]}
                for table in self.tables
            },
        }


def _plain_difference(item: Difference) -> dict[str, Any]:
    low, high = _known(item.change.low), _known(item.change.high)
    return {
        'alignment': item.alignment or None,
        'metric': item.metric,
        'frames': item.frames,
        'first': _known(item.first),
        'second': _known(item.second),
        'difference': _known(item.change.value),
        'interval': [low, high],
        'verdict': item.verdict,
    }


def _plain_row(row: RowDifference) -> dict[str, Any]:
    parts = {'first': row.first, 'second': row.second, 'difference': row.change}
    plain = {
        part: {metric: _known(value) for metric, value in errors._asdict().items()}
        for part, errors in parts.items()
    }
    return {'name': row.name, 'alignment': row.alignment, **plain}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
