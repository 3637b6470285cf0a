"""
A report as one HTML file.
"""

from __future__ import annotations

from collections import Counter
import math
from typing import Any, NamedTuple

import numpy as np

from steps_ros.eval import report_pictures
from steps_ros.eval.metrics import Alignment, DepthErrors
from steps_ros.eval.report import (
    ALIGNMENTS,
    Curve,
    FrameRecord,
    METRICS,
    NETWORK,
    Picture,
    Report,
    Row,
    Shown,
    Table,
)
from steps_ros.eval.report_page import data_uri, picture_uri, render_page
from steps_ros.eval.report_plots import (
    curve_plot,
    known_series,
    NARROW,
    OVER_TIME,
    Plot,
    series_plot,
    WIDE,
)
from steps_ros.eval.report_words import (
    bounds,
    flat_settings,
    headline,
    HIGHER_IS_BETTER,
    MISSING,
    PARTIAL,
)
from steps_ros.inference.colour import SKY, UNKNOWN

# What a reader asks for first; more of the settings follow while there is room.
FIRST_SETTINGS = (
    'method', 'checkpoint', 'network size', 'scale', 'protocol', 'cap_m', 'crop',
    'alignment of verdicts',
)  # fmt: skip
ROOM = 10
DEPTH_TICKS = (2, 5, 10, 20, 40, 80)
ERROR_TICKS = ((0.5, '0.5, too near'), (0.8, '0.8'), (1.0, 'right'), (1.25, '1.25'),
               (2.0, '2, too far'))  # fmt: skip
RANKS = {'worst': 'Worst', 'median': 'Median', 'best': 'Best'}
CAPTIONS = {
    'input': 'input',
    'enhanced': 'enhanced',
    'depth': 'predicted depth',
    'reference': 'reference',
    'error': 'error: blue too near, red too far',
}


class Line(NamedTuple):
    """A row of a table under one alignment; ``best`` names the metrics it is best in."""

    row: Row
    alignment: Alignment
    errors: DepthErrors
    bounds: str
    best: frozenset[str]
    is_network: bool
    is_first: bool


class LinedTable(NamedTuple):
    """A table by alignment, then by row."""

    name: str
    title: str
    lines: list[Line]


class Image(NamedTuple):
    """A picture in the page."""

    uri: str
    width: int
    height: int
    alt: str
    caption: str = ''
    name: str = ''


class ShownFrame(NamedTuple):
    """A frame in pictures."""

    number: int
    title: str
    frame: FrameRecord
    abs_rel: float
    pictures: list[Image]


class Tick(NamedTuple):
    """A number under a bar of colours."""

    percent: str
    text: str


def report_html(report: Report) -> str:
    """Return the text of ``report.html``."""
    alignment = headline(report.settings)
    settings = flat_settings(report.settings)
    series = [item.label for item in known_series(report.frames, alignment)]
    return render_page(
        'report.html.jinja',
        report=report,
        partial=PARTIAL,
        headline=alignment,
        headline_index=ALIGNMENTS.index(alignment),
        first_settings=_first_settings(settings),
        all_settings=list(settings.items()),
        tables=[_lined(table, alignment) for table in report.tables],
        curves=[_plot(curve_plot(curve), _curve_alt(curve)) for curve in report.curves],
        series_wide=_plot(series_plot(report, WIDE), _series_alt(series)),
        series_narrow=_plot(series_plot(report, NARROW), ''),
        missing_series=[name for name in OVER_TIME if name not in series],
        pictured={shown.frame for shown in report.shown},
        frames=_shown_frames(report, ALIGNMENTS.index(alignment)),
        **_legends(),
    )


def _first_settings(settings: dict[str, str]) -> list[tuple[str, str]]:
    names = [name for name in FIRST_SETTINGS if name in settings]
    rest = [name for name in settings if name not in names and len(settings[name]) < 40]
    return [(name, settings[name]) for name in (*names, *rest)[:ROOM]]


def _lined(table: Table, headline_alignment: Alignment) -> LinedTable:
    lines = []
    for index, alignment in enumerate(ALIGNMENTS):
        best = _best(table.rows, index) if table.name == 'methods' else {}
        for row in table.rows:
            limits = bounds('abs_rel', row.abs_rel) if alignment == headline_alignment else ''
            lines.append(
                Line(
                    row,
                    alignment,
                    row.errors[index],
                    '' if limits == MISSING else limits,
                    frozenset(name for name, value in best.items() if value is row),
                    row.name == NETWORK,
                    row is table.rows[0] and index > 0,
                )
            )
    return LinedTable(table.name, table.title, lines)


def _best(rows: tuple[Row, ...], index: int) -> dict[str, Row]:
    """Return the best row in each metric; none where there is nothing to be better than."""
    best = {}
    for metric in METRICS:
        known = [row for row in rows if math.isfinite(getattr(row.errors[index], metric))]
        if len(known) > 1:
            choose = max if metric in HIGHER_IS_BETTER else min
            best[metric] = choose(known, key=lambda row: float(getattr(row.errors[index], metric)))
    return best


def _plot(plot: Plot, alt: str) -> Image:
    return Image(data_uri('image/svg+xml', plot.svg), plot.width, plot.height, alt)


def _curve_alt(curve: Curve) -> str:
    known = [value for value in curve.abs_rel if math.isfinite(value)]
    spread = f' from {min(known):.3f} to {max(known):.3f}' if known else ' unknown'
    return f'abs_rel{spread}, bias and pixel counts against {curve.x_label}'


def _series_alt(names: list[str]) -> str:
    return f'{", ".join(names)} of every frame over time'


def _shown_frames(report: Report, alignment: int) -> list[ShownFrame]:
    counts: Counter[str] = Counter()
    frames = []
    for shown in report.shown:
        counts[shown.rank] += 1
        frame = report.frames[shown.frame]
        frames.append(
            ShownFrame(
                shown.frame,
                f'{RANKS[shown.rank]} {counts[shown.rank]}',
                frame,
                frame.errors[alignment].abs_rel,
                _pictures(shown, frame.stem),
            )
        )
    return frames


def _pictures(shown: Shown, stem: str) -> list[Image]:
    named: list[tuple[str, Picture | None]] = [(name, getattr(shown, name)) for name in CAPTIONS]
    return [
        Image(
            picture_uri(picture), picture.shape[1], picture.shape[0],
            f'{CAPTIONS[name]} of frame {stem}', CAPTIONS[name], name,
        )
        for name, picture in named
        if picture is not None
    ]  # fmt: skip


def _legends() -> dict[str, Any]:
    """Return the colour bars, painted by the functions that paint the pictures."""
    nearest, farthest = report_pictures.NEAREST, report_pictures.FARTHEST
    depths = np.geomspace(nearest, farthest, 24, dtype=np.float32)
    largest = math.log(report_pictures.LARGEST_RATIO)
    errors = np.linspace(-largest, largest, 9, dtype=np.float32)
    ends = {nearest: f'≤ {nearest:g} m', farthest: f'≥ {farthest:g} m'}
    span = math.log(farthest / nearest)
    return {
        'depth_colours': [_hex(colour) for colour in report_pictures.paint_depth(depths[None])[0]],
        'depth_ticks': [
            Tick(f'{100 * math.log(tick / nearest) / span:.1f}', ends.get(tick, f'{tick:g}'))
            for tick in DEPTH_TICKS
        ],
        'error_colours': [_hex(colour) for colour in report_pictures.paint_error(errors[None])[0]],
        'error_ticks': [
            Tick(f'{50 + 50 * math.log(ratio) / largest:.1f}', text) for ratio, text in ERROR_TICKS
        ],
        'sky': _hex(SKY),
        'unknown': _hex(UNKNOWN),
        'not_predicted': _hex(report_pictures.NOT_PREDICTED),
    }


def _hex(colour: Any) -> str:
    return '#{:02x}{:02x}{:02x}'.format(*(int(part) for part in colour))
