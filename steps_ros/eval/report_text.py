"""
A report as Markdown, for notes and reviews.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from steps_ros.eval.metrics import Alignment, DepthErrors
from steps_ros.eval.report import ALIGNMENTS, Curve, FrameRecord, METRICS, Report, Row, Table
from steps_ros.eval.report_words import (
    arrow,
    bounds,
    error_number,
    flat_settings,
    GLOSSARY,
    headline,
    MISSING,
    number,
    PARTIAL,
    percent,
)


def report_markdown(report: Report) -> str:
    """Return the tables of a report as Markdown, rounded as in the HTML."""
    parts = [
        '# Depth evaluation',
        *([f'**{PARTIAL}**'] if report.is_partial else []),
        f'steps_ros {cell(report.version)} · {len(report.frames)} frames of {report.pairs} pairs '
        f'· {percent(report.unpredicted)} of the reference not predicted',
        '## Verdict',
        markdown_table(('question', 'judgement', 'answer'), report.findings),
        '## Overall',
        _overall(report),
        f'Residual correlation: {number(report.residual_correlation)}',
        *(part for table in report.tables for part in _table(table)),
        '## Worst frames',
        _worst(report),
        *(part for curve in report.curves for part in _curve(curve, headline(report.settings))),
        '## Further numbers',
        markdown_table(('name', 'value'), ((k, number(v, 4)) for k, v in report.summary.items())),
        '## Settings',
        markdown_table(('setting', 'value'), flat_settings(report.settings).items()),
        '## Data',
        markdown_table(('path', 'SHA-256'), report.data),
        '## Dropped',
        markdown_table(('reason', 'frames'), report.dropped.items()),
        '## Words',
        markdown_table(('word', 'meaning'), GLOSSARY),
    ]
    return '\n\n'.join(parts) + '\n'


def _overall(report: Report) -> str:
    lines: list[tuple[str, ...]] = []
    for alignment, metrics in report.overall.items():
        values = [error_number(metric, metrics[metric].value) for metric in METRICS]
        lines.append((alignment, percent(report.unpredicted), *values))
        limits = [bounds(metric, metrics[metric]) for metric in METRICS]
        lines.append((f'{alignment}, 95 % interval', '', *limits))
    return markdown_table(('alignment', 'unpredicted', *_metric_heads()), lines)


def _table(table: Table) -> tuple[str, str]:
    head = ('alignment', 'name', 'frames', 'pixels', 'unpredicted', *_metric_heads())
    lines = (
        (alignment, *_counts(row), *_errors(row.errors[index]))
        for index, alignment in enumerate(ALIGNMENTS)
        for row in table.rows
    )
    return f'## {cell(table.title)}', markdown_table(head, lines)


def _curve(curve: Curve, alignment: Alignment) -> tuple[str, str]:
    bins = zip(curve.x, curve.abs_rel, curve.bias, curve.pixels, strict=True)
    lines = ((f'{x:g}', number(error), number(bias), count) for x, error, bias, count in bins)
    title = f'## Error against {cell(curve.name)}, {alignment} alignment'
    return title, markdown_table((curve.x_label, 'abs_rel', 'bias', 'pixels'), lines)


def _counts(row: Row) -> tuple[str, str, str, str]:
    return row.name, str(row.frames), str(row.pixels), percent(row.unpredicted)


def _worst(report: Report) -> str:
    alignment = headline(report.settings)
    head = ('alignment', 'drive', 'camera', 'frame', 'unpredicted', 'scale', *_metric_heads())
    frames = (report.frames[index] for index in report.worst)
    return markdown_table(head, ((alignment, *_frame(frame, alignment)) for frame in frames))


def _frame(frame: FrameRecord, alignment: Alignment) -> tuple[str, ...]:
    counts = percent(frame.unpredicted), number(frame.scale)
    errors = frame.errors[ALIGNMENTS.index(alignment)]
    return frame.drive, frame.camera, frame.stem, *counts, *_errors(errors)


def _errors(errors: DepthErrors) -> list[str]:
    return [error_number(*pair) for pair in zip(METRICS, errors, strict=True)]


def _metric_heads() -> list[str]:
    return [f'{metric} {arrow(metric)}' for metric in METRICS]


def markdown_table(head: Sequence[str], lines: Iterable[Iterable[object]]) -> str:
    """Return a table of cells that cannot break out of it; a dash where there is no line."""
    rows = ['| ' + ' | '.join(cell(item) for item in line) + ' |' for line in (head, *lines)]
    if len(rows) == 1:
        return MISSING
    return '\n'.join([rows[0], '|' + ' --- |' * len(head), *rows[1:]])


def cell(item: object) -> str:
    """Return text that Markdown shows as it is, on one line."""
    text = ' '.join(str(item).split())
    for letter in '\\`*[]|<>':
        text = text.replace(letter, f'\\{letter}')
    return text
