"""
The plots of a report as SVG, drawn without any global state of matplotlib's user interface.
"""

from __future__ import annotations

from collections.abc import Sequence
import io
import math
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
import numpy as np
from numpy.typing import NDArray

from steps_ros.eval.metrics import Alignment
from steps_ros.eval.report import ALIGNMENTS, Curve, FrameRecord, Report
from steps_ros.eval.report_words import headline

# Letters as outlines look the same everywhere; a fixed salt gives the same bytes for one report.
STYLE = {
    'svg.fonttype': 'path',
    'svg.hashsalt': 'steps_ros',
    'font.family': 'DejaVu Sans',
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.edgecolor': '#8a949e',
    'axes.grid': True,
    'grid.color': '#e6eaee',
    'axes.axisbelow': True,
    'text.color': '#2b3137',
    'axes.labelcolor': '#2b3137',
    'xtick.color': '#57606a',
    'ytick.color': '#57606a',
    'xtick.labelcolor': '#2b3137',
    'ytick.labelcolor': '#2b3137',
}
OVER_TIME = ('scale', 'flicker', 'ego_error', 'luminance', 'unpredicted')
LINES = ('#1f5fa8', '#c2571a', '#2f7d4f', '#7d4fa3', '#7a6a00', '#a8325e')
BARS, MARK, ZERO = '#b9c4cf', '#b42318', '#8a949e'
# Above this many points a line is stored as pixels, else the file grows with the drive.
MOST_POINTS = 1500
FEW_POINTS = 60
MOST_DRIVES_NAMED = 8
# Camera names that fit side by side on a narrow plot.
MOST_LETTERS = 36
# A step of this many usual steps is a gap, which no line may cross.
GAP_STEPS = 5.0
FRAME = 'frame'


class Format(NamedTuple):
    """The measures of a plot: width and height of one panel in pixels, size of the letters."""

    width: float
    panel_height: float
    letters: float


WIDE = Format(1160, 120, 11)
NARROW = Format(370, 120, 9.5)
CURVE = Format(500, 135, 12)
PIXELS_AN_INCH = 96


class Plot(NamedTuple):
    """An SVG file and its size in pixels."""

    svg: bytes
    width: int
    height: int


class Series(NamedTuple):
    """One quantity over time: how it is called, and its value in each frame (N,)."""

    label: str
    values: NDArray[np.float64]


class Timeline(NamedTuple):
    """
    Where the frames stand on one axis: drives one after the other with room between them.

    ``x`` (N,); ``drives`` (N,) their numbers; ``starts`` (drive, its first x); ``unit`` of the
    axis.
    """

    x: NDArray[np.float64]
    drives: NDArray[np.int64]
    starts: tuple[tuple[str, float], ...]
    unit: str


def curve_plot(curve: Curve) -> Plot:
    """Draw abs_rel, bias and the number of pixels of each bin as SVG."""
    with mpl.rc_context({**STYLE, 'font.size': CURVE.letters * 72 / PIXELS_AN_INCH}):
        figure, (errors, bias, pixels) = _panels(CURVE, (1.0, 1.0, 0.55))
        x = np.array(curve.x)
        for axes, values, label in (
            (errors, curve.abs_rel, 'abs_rel'),
            (bias, curve.bias, 'bias'),
        ):
            axes.plot(x, values, 'o-', color=LINES[0], markersize=3.5, linewidth=1.5)
            axes.set_ylabel(label)
        _from_zero(errors, np.array(curve.abs_rel))
        bias.axhline(0, color=ZERO, linewidth=1)
        if curve.name == 'luminance':
            pixels.set_xscale('log')
            ticks = (1, 2, 5, 10, 20, 50, 100, 200)
            pixels.set_xticks(ticks, [str(tick) for tick in ticks])
            pixels.minorticks_off()
        pixels.vlines(x, 0, curve.pixels, color=BARS, linewidth=7)
        _from_zero(pixels, np.array(curve.pixels, np.float64))
        pixels.set_ylabel('pixels')
        pixels.ticklabel_format(axis='y', style='sci', scilimits=(0, 4), useMathText=True)
        pixels.set_xlabel(curve.x_label)
        return _svg(figure)


def series_plot(report: Report, form: Format) -> Plot:
    """Draw everything that is known over time as SVG, one panel below the other."""
    series = known_series(report.frames, headline(report.settings))
    timeline = make_timeline(report.frames)
    cameras = list(dict.fromkeys(frame.camera for frame in report.frames))
    with mpl.rc_context({**STYLE, 'font.size': form.letters * 72 / PIXELS_AN_INCH}):
        figure, panels = _panels(form, [1.0] * len(series))
        for axes, item in zip(panels, series, strict=True):
            for number, camera in enumerate(cameras):
                own = np.array([frame.camera == camera for frame in report.frames])
                _line(axes, timeline, item.values, own, LINES[number % len(LINES)])
            axes.set_ylabel(item.label)
            _from_zero(axes, item.values)
            if item.label == 'unpredicted':
                axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            starts = [start for _, start in timeline.starts[1:]]
            axes.vlines(starts, 0, 1, color=ZERO, linewidth=0.8, linestyle=':',
                        transform=axes.get_xaxis_transform())  # fmt: skip
        worst = list(report.worst)
        panels[0].plot(timeline.x[worst], series[0].values[worst], 'o', markersize=6,
                       markerfacecolor='none', markeredgecolor=MARK)  # fmt: skip
        panels[-1].set_xlabel(timeline.unit)
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=timeline.unit == FRAME))
        _name_drives(panels[0], timeline)
        if len(cameras) > 1:
            _legend(panels[0], cameras)
        return _svg(figure)


def known_series(frames: Sequence[FrameRecord], alignment: Alignment) -> list[Series]:
    """Return what changes over time, the error first; what no frame has is left out."""
    number = ALIGNMENTS.index(alignment)
    abs_rel = Series('abs_rel', _column([frame.errors[number].abs_rel for frame in frames]))
    others = [
        Series(name, _column([getattr(frame, name) for frame in frames])) for name in OVER_TIME
    ]
    return [abs_rel, *(item for item in others if np.isfinite(item.values).any())]


def make_timeline(frames: Sequence[FrameRecord]) -> Timeline:
    """Place the frames on one axis, in seconds, or by number where the stamps say nothing."""
    drives = list(dict.fromkeys(frame.drive for frame in frames))
    numbers = np.array([drives.index(frame.drive) for frame in frames])
    seconds = _column([frame.second for frame in frames])
    spans = [np.ptp(seconds[numbers == index]) for index in range(len(drives))]
    is_timed = all(
        span > 0 or (numbers == index).sum() == 1 for index, span in enumerate(spans)
    ) and any(span > 0 for span in spans)
    if not is_timed:
        seconds = np.arange(len(frames), dtype=np.float64)
    x, starts, end = np.zeros(len(frames)), [], 0.0
    total = sum(spans) if is_timed else len(frames)
    for index, drive in enumerate(drives):
        own = numbers == index
        x[own] = seconds[own] - seconds[own].min() + end
        starts.append((drive, end))
        end = float(x[own].max() + max(0.03 * total, 1e-3))
    return Timeline(x, numbers, tuple(starts), 'time, s' if is_timed else FRAME)


def broken_line(
    x: NDArray[np.float64], y: NDArray[np.float64], drives: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Return a line (N,) with a NaN wherever two points must not be joined.

    :param drives: (N,) the number of each point's drive: lines end with it, and at gaps.
    """
    if len(x) < 2:
        return x, y
    steps = np.diff(x)
    within = np.diff(drives) == 0
    usual = float(np.median(steps[within])) if within.any() else 0.0
    places = np.flatnonzero(~within | (steps > GAP_STEPS * usual)) + 1
    return np.insert(x, places, np.nan), np.insert(y, places, np.nan)


def _line(
    axes: Axes,
    timeline: Timeline,
    values: NDArray[np.float64],
    own: NDArray[np.bool_],
    colour: str,
) -> None:
    """Draw one camera's frames, chosen by ``own`` (N,)."""
    x, y = broken_line(timeline.x[own], values[own], timeline.drives[own])
    is_short = own.sum() <= FEW_POINTS * len(timeline.starts)
    axes.plot(
        x, y, 'o-' if is_short else '-', color=colour, markersize=2.2, linewidth=1.2,
        rasterized=len(values) > MOST_POINTS,
    )  # fmt: skip


def _panels(form: Format, shares: Sequence[float]) -> tuple[Figure, list[Axes]]:
    height = form.panel_height * sum(shares) + 60
    size = form.width / PIXELS_AN_INCH, height / PIXELS_AN_INCH
    figure = Figure(figsize=size, layout='constrained')
    grid = figure.subplots(
        len(shares), 1, sharex=True, squeeze=False, gridspec_kw={'height_ratios': list(shares)}
    )
    figure.align_ylabels()
    return figure, list(grid[:, 0])


def _from_zero(axes: Axes, values: NDArray[np.float64]) -> None:
    """Start at zero, so that heights can be compared, and leave room above."""
    known = values[np.isfinite(values)]
    top = float(known.max()) if known.size else 1.0
    axes.set_ylim(0, 1.1 * top if top > 0 else 1.0)


def _name_drives(axes: Axes, timeline: Timeline) -> None:
    if not 1 < len(timeline.starts) <= MOST_DRIVES_NAMED:
        return
    for drive, start in timeline.starts:
        axes.annotate(
            _literal(drive if len(drive) <= 24 else f'…{drive[-23:]}'),
            (start, 1), xycoords=('data', 'axes fraction'), xytext=(3, 1),
            textcoords='offset points', fontsize='small', va='bottom', clip_on=False,
        )  # fmt: skip


def _legend(axes: Axes, cameras: Sequence[str]) -> None:
    """Name the cameras above the panel and the names of the drives."""
    handles = [
        axes.plot([], [], color=LINES[number % len(LINES)], label=_literal(camera))[0]
        for number, camera in enumerate(cameras)
    ]
    axes.legend(
        handles=handles, loc='lower left', bbox_to_anchor=(0, 1.1), borderaxespad=0, frameon=False,
        ncol=3 if sum(map(len, cameras[:3])) < MOST_LETTERS else 1,
    )  # fmt: skip


def _literal(name: str) -> str:
    """Keep a name from being read as mathematics, and its odd characters from the font."""
    shown = ''.join(letter if letter.isprintable() else '?' for letter in name)
    return shown.replace('$', r'\$')


def _column(values: Sequence[float]) -> NDArray[np.float64]:
    column = np.array(values, np.float64)
    column[~np.isfinite(column)] = math.nan
    return column


def _svg(figure: Figure) -> Plot:
    buffer = io.BytesIO()
    figure.savefig(buffer, format='svg', transparent=True, dpi=200, metadata={'Date': None})
    width, height = (round(size * PIXELS_AN_INCH) for size in figure.get_size_inches())
    return Plot(buffer.getvalue(), width, height)
