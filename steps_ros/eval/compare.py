"""
Two reports of the same drives: what the second changed, frame by frame.

A difference is the second minus the first, over the frames that both have, with the interval of a
paired block bootstrap: what both find hard cancels, and consecutive frames count as one piece of
evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import math
from pathlib import Path

import numpy as np

from steps_ros.errors import SourceError
from steps_ros.eval.bootstrap import block_interval, block_length
from steps_ros.eval.comparability import setting_differences, warnings
from steps_ros.eval.comparison import (
    Comparison,
    Difference,
    RowDifference,
    Side,
    TableDifference,
    Verdict,
)
from steps_ros.eval.metrics import Doubles
from steps_ros.eval.report import ALIGNMENTS, Interval, METRICS
from steps_ros.eval.report_words import flat_settings, headline, HIGHER_IS_BETTER, MISSING
from steps_ros.eval.saved_report import (
    FRAME_NUMBERS,
    read_report,
    SavedFrame,
    SavedReport,
    SavedTable,
)


def compare(first: Path, second: Path) -> Comparison:
    """
    Compare two reports.

    :param first: ``report.json`` of what is compared with, or its folder.
    :param second: that of what is judged.
    :raises SourceError: a file that is no report, or reports without a frame in common.
    """
    a, b = read_report(first), read_report(second)
    pairs = matched_frames(a.frames, b.frames)
    if not pairs:
        raise SourceError(
            f'{a.path} and {b.path} have no frame in common (drive, camera and name or stamp); '
            'evaluate both on the same drives'
        )
    block = block_length(np.array([frame.second for frame, _ in pairs]))
    settings = tuple(setting_differences(a, b))
    return Comparison(
        _side(a),
        _side(b),
        headline(a.settings),
        len(pairs),
        len(a.frames) - len(pairs),
        len(b.frames) - len(pairs),
        block,
        tuple(warnings(a, b, pairs, settings)),
        settings,
        tuple(_differences(pairs, block)),
        tuple(_table_differences(a, b)),
    )


def matched_frames(
    first: Sequence[SavedFrame], second: Sequence[SavedFrame]
) -> list[tuple[SavedFrame, SavedFrame]]:
    """
    Pair the frames of one drive and camera that have one stem, else one stamp, each once.

    :returns: in the order of the first.
    """
    by_stem = {(frame.drive, frame.camera, frame.stem): frame for frame in reversed(second)}
    by_stamp = {
        (frame.drive, frame.camera, frame.stamp_ns): frame
        for frame in reversed(second)
        if frame.stamp_ns
    }
    pairs, used = [], set()
    for frame in first:
        found = by_stem.get((frame.drive, frame.camera, frame.stem))
        found = found or by_stamp.get((frame.drive, frame.camera, frame.stamp_ns))
        if found is not None and id(found) not in used:
            used.add(id(found))
            pairs.append((frame, found))
    return pairs


def _differences(
    pairs: Sequence[tuple[SavedFrame, SavedFrame]], block: int
) -> Iterator[Difference]:
    errors = np.array([[a.errors, b.errors] for a, b in pairs])
    numbers = np.array([[a.numbers, b.numbers] for a, b in pairs])
    for index, alignment in enumerate(ALIGNMENTS):
        for column, metric in enumerate(METRICS):
            yield difference(alignment, metric, errors[:, :, index, column], block)
    for column, name in enumerate(FRAME_NUMBERS):
        yield difference('', name, numbers[:, :, column], block)


def difference(alignment: str, metric: str, values: Doubles, block: int) -> Difference:
    """
    Return the paired difference of one number.

    :param values: (N, 2) of the first and the second report, NaN unknown.
    :param block: consecutive frames that belong together.
    """
    known = values[np.isfinite(values).all(axis=1)]
    change = block_interval(known[:, 1] - known[:, 0], block)
    means = known.mean(axis=0) if len(known) else np.full(2, math.nan)
    verdict = _verdict(metric, change)
    return Difference(
        alignment, metric, len(known), float(means[0]), float(means[1]), change, verdict
    )


def _verdict(metric: str, change: Interval) -> Verdict:
    if change.value == change.low == change.high == 0:
        return 'same'
    if not (change.low > 0 or change.high < 0):
        return 'not clear'
    return 'better' if (change.low > 0) == (metric in HIGHER_IS_BETTER) else 'worse'


def _table_differences(a: SavedReport, b: SavedReport) -> Iterator[TableDifference]:
    others = {table.name: table for table in b.tables}
    for table in a.tables:
        rows = tuple(_row_differences(table, others[table.name])) if table.name in others else ()
        if rows:
            yield TableDifference(table.name, table.title, rows)


def _row_differences(a: SavedTable, b: SavedTable) -> Iterator[RowDifference]:
    others = {row.name: row for row in b.rows}
    for index, alignment in enumerate(ALIGNMENTS):
        for row in a.rows:
            if row.name in others:
                pair = row.errors[index], others[row.name].errors[index]
                yield RowDifference(row.name, alignment, *pair)


def _side(report: SavedReport) -> Side:
    settings = flat_settings(report.settings)
    told = [settings[name] for name in ('method', 'checkpoint') if name in settings]
    method = ', '.join(told) or MISSING
    return Side(str(report.path), report.version, method, len(report.frames), report.is_partial)
