"""
What an evaluation finds, as values; the files of a report are made from them.

:meth:`Report.plain` is the content of ``report.json``; every other form shows the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.eval.metrics import Alignment, DepthErrors

ALIGNMENTS: tuple[Alignment, ...] = ('none', 'median', 'scale_shift')
METRICS = DepthErrors._fields
# What the method is called in every table, beside the baselines.
NETWORK = 'network'
FORMAT = 1

Picture = NDArray[np.uint8]
Judgement = Literal['good', 'bad', 'unclear', 'note']
Rank = Literal['worst', 'median', 'best']


class Interval(NamedTuple):
    """A mean over frames with the bounds of its 95 % bootstrap interval; NaN where unknown."""

    value: float
    low: float
    high: float


UNKNOWN = Interval(math.nan, math.nan, math.nan)


class Row(NamedTuple):
    """
    One line of a table: errors of one method or of one part of the pixels.

    ``unpredicted`` is the share of its reference pixels without a prediction. ``errors`` holds
    one entry for each alignment, in the order of ``ALIGNMENTS``, NaN where nothing could be said.
    ``abs_rel`` has the bounds of that error under the alignment of the settings.
    """

    name: str
    frames: int
    pixels: int
    unpredicted: float
    errors: tuple[DepthErrors, ...]
    abs_rel: Interval = UNKNOWN


class Table(NamedTuple):
    """Rows with a title that says what they are means of; ``name`` is its key in the files."""

    name: str
    title: str
    rows: tuple[Row, ...]


class FrameRecord(NamedTuple):
    """
    One frame: a point of every time series.

    ``second`` since the drive's first frame; ``luminance`` mean grey level, 0 to 255; ``light``
    day or night, empty without a picture; ``scale`` the median ratio of reference to prediction;
    ``flicker`` and ``ego_error`` compare with the frame before, NaN where there is none.
    """

    drive: str
    camera: str
    stem: str
    stamp_ns: int
    second: float
    light: str
    luminance: float
    pixels: int
    unpredicted: float
    gap_ms: float
    scale: float
    flicker: float
    ego_error: float
    errors: tuple[DepthErrors, ...]


class Finding(NamedTuple):
    """One line of the verdict: what was asked, how it looks, and the numbers that say so."""

    question: str
    judgement: Judgement
    answer: str


class Curve(NamedTuple):
    """Median-aligned error against something: ``x`` bin centres, values NaN in empty bins."""

    name: str
    x_label: str
    x: tuple[float, ...]
    abs_rel: tuple[float, ...]
    bias: tuple[float, ...]
    pixels: tuple[int, ...]


class Shown(NamedTuple):
    """
    A frame in pictures, all (h, w, 3) uint8 RGB of one size, None where there is none.

    ``frame`` is its index in ``Report.frames``.
    """

    rank: Rank
    frame: int
    input: Picture | None
    enhanced: Picture | None
    depth: Picture
    reference: Picture
    error: Picture


class DataFile(NamedTuple):
    """An input and the SHA-256 of its content."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Report:
    """
    All that an evaluation found.

    ``overall`` maps alignment and metric to the mean over frames with its interval. ``tables``
    holds ``methods`` (the network and the baselines), ``ranges``, ``light``, ``time_of_day`` and
    ``cameras``. ``residual_correlation`` is the correlation of log depth with the reference after
    each one's mean map is taken away. ``summary`` has further single numbers by dotted name.
    """

    version: str
    is_partial: bool
    settings: dict[str, Any]
    data: tuple[DataFile, ...]
    pairs: int
    dropped: dict[str, int]
    unpredicted: float
    overall: dict[str, dict[str, Interval]]
    findings: tuple[Finding, ...]
    tables: tuple[Table, ...]
    residual_correlation: float
    summary: dict[str, float]
    curves: tuple[Curve, ...]
    frames: tuple[FrameRecord, ...]
    worst: tuple[int, ...]
    shown: tuple[Shown, ...] = ()

    def table(self, name: str) -> Table:
        """Return the table of this name."""
        return next(table for table in self.tables if table.name == name)

    def plain(self) -> dict[str, Any]:
        """Return the content of ``report.json``: names, numbers and text; NaN becomes null."""
        content = {
            'format': FORMAT,
            'version': self.version,
            'partial': self.is_partial,
            'frames': len(self.frames),
            'pairs': self.pairs,
            'unpredicted': self.unpredicted,
            'dropped': self.dropped,
            'overall': {
                alignment: {metric: interval.value for metric, interval in metrics.items()}
                for alignment, metrics in self.overall.items()
            },
            'intervals': {
                alignment: {metric: list(interval[1:]) for metric, interval in metrics.items()}
                for alignment, metrics in self.overall.items()
            },
            'findings': [finding._asdict() for finding in self.findings],
            'tables': {table.name: _plain_table(table) for table in self.tables},
            'residual_correlation': self.residual_correlation,
            'summary': self.summary,
            'curves': {curve.name: curve._asdict() for curve in self.curves},
            'series': [_plain_record(record) for record in self.frames],
            'worst': [self.frames[index].stem for index in self.worst],
            'settings': self.settings,
            'data': [item._asdict() for item in self.data],
        }
        return {key: _without_nan(value) for key, value in content.items()}


def _plain_table(table: Table) -> dict[str, Any]:
    return {'title': table.title, 'rows': [_plain_record(row) for row in table.rows]}


def _plain_record(record: Row | FrameRecord) -> dict[str, Any]:
    errors = {
        alignment: values._asdict()
        for alignment, values in zip(ALIGNMENTS, record.errors, strict=True)
    }
    return {**record._asdict(), 'errors': errors}


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return value
