"""
How a training went, as one picture: every loss and every validation over the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
import io
import logging

import numpy as np
from numpy.typing import NDArray

Line = dict[str, float]
Doubles = NDArray[np.float64]

COLUMNS = 2
PANEL_INCHES = (4.2, 1.6)
# More would lie on one pixel.
MOST_POINTS = 200
# What is the same but for a factor, and what the verdict says better.
LEFT_OUT = ('step', 'discriminator_weighted')

logger = logging.getLogger(__name__)


def curves_png(
    lines: Sequence[Line], validation: Sequence[Line], step: int, most: int = MOST_POINTS
) -> bytes | None:
    """
    Draw every number that is not always 0 over the steps, in a panel of its own.

    :param lines: those of ``train.jsonl``; their means over equal spans are drawn.
    :param validation: those of ``validation.jsonl``, point by point.
    :param step: the step that is marked, whose weights are kept.
    :param most: points of a line.
    :returns: a PNG file; None where matplotlib is not installed, which is logged.
    """
    if find_spec('matplotlib') is None:
        logger.warning(
            'no picture of the curves: matplotlib is not installed; pip install matplotlib'
        )
        return None
    # It takes a second to import, which no training that is stopped early should wait for.
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    from steps_ros.eval.report_plots import LINES, MARK, STYLE

    span = -(-len(lines) // most)
    panels = [(name, _means(lines, name, span), '-') for name in _told(lines)]
    panels += [
        (f'validation: {name}', _points(validation, name), 'o-') for name in _told(validation)
    ]
    rows = -(-len(panels) // COLUMNS)
    size = COLUMNS * PANEL_INCHES[0], rows * PANEL_INCHES[1]
    with mpl.rc_context({**STYLE, 'font.size': 8}):
        figure = Figure(figsize=size, layout='constrained')
        axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for place, (name, (steps, values), form) in zip(axes, panels, strict=False):
            is_single = len(steps) == 1
            place.plot(steps, values, 'o' if is_single else form, color=LINES[0], markersize=3)
            place.axvline(step, color=MARK, linewidth=0.8, linestyle=':')
            place.set_title(name, loc='left')
            place.set_xlim(0, 1.02 * lines[-1]['step'])
            place.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        for place in axes[len(panels) :]:
            place.set_axis_off()
        figure.supxlabel(f'step; the dotted line is step {step}, whose weights are kept')
        buffer = io.BytesIO()
        figure.savefig(buffer, format='png', dpi=110, metadata={'Software': None})
    return buffer.getvalue()


def _told(lines: Sequence[Line]) -> list[str]:
    """Return the names of the numbers that are worth a panel."""
    names = lines[0] if lines else {}
    return [name for name in names if name not in LEFT_OUT and any(line[name] for line in lines)]


def _means(lines: Sequence[Line], name: str, span: int) -> tuple[Doubles, Doubles]:
    """Return the last step of each span and the mean of a number over it."""
    starts = np.arange(0, len(lines), span)
    steps, values = _points(lines, name)
    counts = np.diff(starts, append=len(lines))
    return steps[starts + counts - 1], np.add.reduceat(values, starts) / counts


def _points(lines: Sequence[Line], name: str) -> tuple[Doubles, Doubles]:
    return np.array([line['step'] for line in lines]), np.array([line[name] for line in lines])
