"""
A report as CSV: one number a line, with all its digits, for programs.

The columns are ``CSV_COLUMNS``. ``table`` is ``overall``, ``summary``, ``dropped``, the name of a
table of the report, ``curve.NAME`` with the bin's centre as its row, or ``frames`` with
``DRIVE CAMERA STEM`` as its row. ``alignment`` is empty where a number does not depend on it.
``low`` and ``high`` bound the 95 % interval of a mean. What is not known is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import csv
import io
import math
from typing import NamedTuple

from steps_ros.eval.metrics import Alignment, DepthErrors
from steps_ros.eval.report import ALIGNMENTS, METRICS, NETWORK, Report, Table
from steps_ros.eval.report_words import headline

COUNTS = ('frames', 'pixels', 'unpredicted')
FRAME_NUMBERS = ('pixels', 'unpredicted', 'scale', 'flicker', 'ego_error', 'luminance', 'gap_ms')


class Line(NamedTuple):
    """One number; NaN where it is not known."""

    table: str
    row: str
    alignment: str
    metric: str
    value: float
    low: float = math.nan
    high: float = math.nan


CSV_COLUMNS = Line._fields


def report_csv(report: Report) -> str:
    """Return the text of ``report.csv``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator='\n')
    writer.writerow(CSV_COLUMNS)
    for line in _lines(report):
        writer.writerow([*line[:4], *(_exact(value) for value in line[4:])])
    return buffer.getvalue()


def _lines(report: Report) -> Iterator[Line]:
    yield from _overall(report)
    for name, value in report.summary.items():
        yield Line('summary', name, '', 'value', value)
    for name, count in report.dropped.items():
        yield Line('dropped', name, '', 'frames', count)
    for table in report.tables:
        yield from _table(table, headline(report.settings))
    yield from _curves(report)
    for frame in report.frames:
        row = f'{frame.drive} {frame.camera} {frame.stem}'
        for name in FRAME_NUMBERS:
            yield Line('frames', row, '', name, getattr(frame, name))
        yield from _errors('frames', row, frame.errors)


def _overall(report: Report) -> Iterator[Line]:
    for alignment, metrics in report.overall.items():
        for metric, interval in metrics.items():
            yield Line('overall', NETWORK, alignment, metric, *interval)
    singles = {
        'frames': len(report.frames),
        'pairs': report.pairs,
        'unpredicted': report.unpredicted,
        'residual_correlation': report.residual_correlation,
    }
    for name, value in singles.items():
        yield Line('overall', NETWORK, '', name, value)


def _table(table: Table, alignment: Alignment) -> Iterator[Line]:
    for row in table.rows:
        for name in COUNTS:
            yield Line(table.name, row.name, '', name, getattr(row, name))
        for line in _errors(table.name, row.name, row.errors):
            is_bound = (line.alignment, line.metric) == (alignment, 'abs_rel')
            yield line._replace(low=row.abs_rel.low, high=row.abs_rel.high) if is_bound else line


def _curves(report: Report) -> Iterator[Line]:
    alignment = headline(report.settings)
    for curve in report.curves:
        for number, x in enumerate(curve.x):
            table, row = f'curve.{curve.name}', f'{x:g}'
            yield Line(table, row, alignment, 'abs_rel', curve.abs_rel[number])
            yield Line(table, row, alignment, 'bias', curve.bias[number])
            yield Line(table, row, '', 'pixels', curve.pixels[number])


def _errors(table: str, row: str, errors: Sequence[DepthErrors]) -> Iterator[Line]:
    for alignment, values in zip(ALIGNMENTS, errors, strict=True):
        for metric, value in zip(METRICS, values, strict=True):
            yield Line(table, row, alignment, metric, value)


def _exact(value: float) -> str:
    return str(value) if math.isfinite(value) else ''
