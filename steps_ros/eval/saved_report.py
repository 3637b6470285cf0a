"""
A ``report.json`` read back, as far as two of them can be compared.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from steps_ros.errors import first_line, SourceError
from steps_ros.eval.metrics import DepthErrors
from steps_ros.eval.report import ALIGNMENTS, FORMAT, METRICS

FILE_NAME = 'report.json'
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


class SavedFrame(NamedTuple):
    """
    One frame: its errors by alignment, and further numbers of ``FRAME_NUMBERS``, NaN unknown.

    ``second`` since the start of its drive.
    """

    drive: str
    camera: str
    stem: str
    stamp_ns: int
    second: float
    pixels: int
    errors: tuple[DepthErrors, ...]
    numbers: tuple[float, ...]


class SavedRow(NamedTuple):
    """A row of a table: its errors by alignment."""

    name: str
    errors: tuple[DepthErrors, ...]


class SavedTable(NamedTuple):
    """A table of a report."""

    name: str
    title: str
    rows: tuple[SavedRow, ...]


class SavedReport(NamedTuple):
    """A report; ``data`` are the SHA-256 of what was evaluated."""

    path: Path
    version: str
    is_partial: bool
    settings: dict[str, Any]
    data: tuple[str, ...]
    tables: tuple[SavedTable, ...]
    frames: tuple[SavedFrame, ...]


FRAME_NUMBERS = ('unpredicted', 'flicker', 'ego_error')


def read_report(path: Path) -> SavedReport:
    """
    Read a report.

    :param path: ``report.json``, or the folder it is in.
    :raises SourceError: it cannot be read, is no report, or of another format.
    """
    file = path / FILE_NAME if path.is_dir() else path
    content = _read_json(file)
    if not isinstance(content, dict) or 'series' not in content:
        raise SourceError(f'{file} is no report of an evaluation; give its report.json')
    if content.get('format') != FORMAT:
        raise SourceError(
            f'{file} has format {str(content.get("format"))[:20]}, this version reads {FORMAT}; '
            'evaluate again with this version'
        )
    try:
        return _report(file, content)
    except _DAMAGE as error:
        raise SourceError(
            f'{file} is damaged: {type(error).__name__}: {first_line(error)}; evaluate again'
        ) from error


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding='utf8'))
    except OSError as error:
        raise SourceError(
            f'{file} cannot be read: {error.strerror}; give a report.json'
        ) from error
    except (ValueError, RecursionError) as error:
        told = first_line(error)
        raise SourceError(f'{file} is not JSON: {told}; give the report.json') from error


def _report(file: Path, content: dict[str, Any]) -> SavedReport:
    return SavedReport(
        file,
        _text(content['version']),
        bool(content['partial']),
        dict(content['settings']),
        tuple(_text(item['sha256']) for item in content['data']),
        tuple(_table(name, table) for name, table in content['tables'].items()),
        tuple(_frame(record) for record in content['series']),
    )


def _table(name: str, table: dict[str, Any]) -> SavedTable:
    rows = tuple(SavedRow(_text(row['name']), _errors(row['errors'])) for row in table['rows'])
    return SavedTable(name, _text(table['title']), rows)


def _frame(record: dict[str, Any]) -> SavedFrame:
    return SavedFrame(
        _text(record['drive']),
        _text(record['camera']),
        _text(record['stem']),
        int(record['stamp_ns']),
        _number(record['second']),
        int(record['pixels']),
        _errors(record['errors']),
        tuple(_number(record[name]) for name in FRAME_NUMBERS),
    )


def _errors(errors: dict[str, dict[str, Any]]) -> tuple[DepthErrors, ...]:
    return tuple(
        DepthErrors(*(_number(errors[alignment][metric]) for metric in METRICS))
        for alignment in ALIGNMENTS
    )


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f'{str(value)[:40]!r} is not a number')
    return float(value) if math.isfinite(value) else math.nan


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f'{str(value)[:40]!r} is not text')
    return value
