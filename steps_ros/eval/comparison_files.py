"""
The files of a comparison: ``comparison.html``, ``comparison.json`` and ``comparison.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from steps_ros.eval.comparison import Comparison, Difference, TableDifference
from steps_ros.eval.report import METRICS
from steps_ros.eval.report_files import json_text, require_report_libraries, write_texts
from steps_ros.eval.report_text import cell, markdown_table
from steps_ros.eval.report_words import (
    arrow,
    error_number,
    MISSING,
    number,
    signed_bounds,
    signed_number,
    signed_percent,
)

WORDS = {
    'better': 'B is better',
    'worse': 'B is worse',
    'not clear': 'not clear: the interval holds zero',
    'same': 'the same',
}

COLUMNS = ('alignment', 'metric', 'A', 'B', 'B - A', 'change', '95 % interval', 'B is', 'frames')


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """
    Write the three files, each whole or not at all; earlier ones are replaced.

    :raises OutputError: the place cannot be written, or a library is missing.
    """
    require_report_libraries()
    # It takes a second to import, which nobody who wants the text alone should wait for.
    from steps_ros.eval.report_page import render_page

    page = render_page(
        'comparison.html.jinja',
        comparison=comparison,
        sentence=headline_sentence(comparison),
        words=WORDS,
    )
    texts = {
        'comparison.json': json_text(comparison.plain()),
        'comparison.md': comparison_text(comparison),
        'comparison.html': page,
    }
    write_texts(texts, folder)


def headline_sentence(comparison: Comparison) -> str:
    """Return which is better and by how much, in abs_rel."""
    item = comparison.headline()
    limits = signed_bounds('abs_rel', item.change)
    told = (
        f'abs_rel under {comparison.alignment} alignment goes from {number(item.first, 4)} to '
        f'{number(item.second, 4)}, {signed_number("abs_rel", item.change.value)} '
        f'({signed_percent(item.relative)}), 95 % interval {limits}, over {item.frames} frames'
    )
    return f'{WORDS[item.verdict][0].upper()}{WORDS[item.verdict][1:]}. {told}.'


def comparison_text(comparison: Comparison) -> str:
    """Return the comparison as Markdown, rounded as in the HTML."""
    a, b = comparison.first, comparison.second
    parts = [
        '# Comparison of two depth evaluations',
        f'**{cell(headline_sentence(comparison))}**',
        *(f'- Careful: {cell(line)}' for line in comparison.warnings),
        markdown_table(
            ('', 'report', 'method', 'frames', 'steps_ros'),
            (
                (name, side.path, side.method, side.frames, side.version)
                for name, side in (('A', a), ('B', b))
            ),
        ),
        f'## Differences over {comparison.frames} frames, B less A',
        'Paired bootstrap over frames in blocks of '
        f'{comparison.block} consecutive ones. Of many lines some look clear by chance.',
        markdown_table(
            (
                'alignment',
                'metric',
                'A',
                'B',
                'B - A',
                'change',
                '95 % interval',
                'B is',
                'frames',
            ),
            (_line(item) for item in comparison.differences),
        ),
        *(part for table in comparison.tables for part in _table(table)),
        '## Settings that differ',
        markdown_table(('setting', 'A', 'B'), comparison.settings),
    ]
    return '\n\n'.join(parts) + '\n'


def _line(item: Difference) -> tuple[object, ...]:
    return (
        item.alignment or MISSING,
        f'{item.metric} {arrow(item.metric)}',
        error_number(item.metric, item.first),
        error_number(item.metric, item.second),
        signed_number(item.metric, item.change.value),
        signed_percent(item.relative),
        signed_bounds(item.metric, item.change),
        item.verdict,
        item.frames,
    )


def _table(table: TableDifference) -> Iterator[str]:
    yield f'## {cell(table.title)}: B less A'
    head = ('name', 'alignment', *(f'{metric} {arrow(metric)}' for metric in METRICS))
    lines = (
        (
            row.name,
            row.alignment,
            *(signed_number(*pair) for pair in zip(METRICS, row.change, strict=True)),
        )
        for row in table.rows
    )
    yield markdown_table(head, lines)
