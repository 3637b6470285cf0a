"""
Errors by distance and by brightness, pooled over the pixels of all frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.data.frames import Image
from steps_ros.eval.bootstrap import ratio_interval
from steps_ros.eval.metrics import DepthErrors, Doubles, errors_of_means, UNKNOWN_ERRORS
from steps_ros.eval.report import ALIGNMENTS, Curve, Row
from steps_ros.eval.samples import Reference

# What lies darker or brighter than this around a pixel shows hardly any surface.
UNDER_LEVEL, OVER_LEVEL = 16.0, 240.0
NEIGHBOURHOOD = 5
UNLIT = 64.0
TERMS = len(DepthErrors._fields)
ABS_REL_TERM, LOG_TERM = 0, 8


class Axis(NamedTuple):
    """
    How pixels are sorted: fine bins for curves, joined to coarse ones for tables.

    ``edges`` are the lower ends of the fine bins, ``coarse`` those of the coarse ones, which are
    among them; ``end`` is where the last one is drawn to end.
    """

    name: str
    label: str
    edges: tuple[float, ...]
    coarse: tuple[float, ...]
    end: float
    names: tuple[str, ...]

    def join(self, fine: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sums (coarse, ...) of sums (fine, ...)."""
        starts = [self.edges.index(edge) for edge in self.coarse]
        return np.asarray(np.add.reduceat(fine, starts, axis=0))


RANGE = Axis(
    'range',
    'reference depth, m',
    (0.0, 2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0),
    (0.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0),
    100.0,
    ('0 to 5 m', '5 to 10 m', '10 to 20 m', '20 to 40 m', '40 to 60 m', '60 to 80 m', 'over 80 m'),
)
LEVEL = Axis(
    'luminance',
    'grey level around the pixel',
    (0.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0, 160.0, 192.0, 224.0, 240.0),
    (0.0, UNDER_LEVEL, OVER_LEVEL),
    256.0,
    ('under-exposed', 'well-exposed', 'over-exposed'),
)
AXES = (RANGE, LEVEL)


@dataclass
class PartSums:
    """
    Sums over the pixels of all frames by distance and grey level.

    ``headline`` is the number of the alignment that intervals are given for. ``terms``
    (3, R, L, 9) are sums of :func:`error_terms` by alignment; ``counted`` and ``missing`` (R, L)
    pixels with and without a prediction; ``frames`` has per axis and frame (coarse bins, 2):
    pixels and their sum of abs_rel.
    """

    headline: int
    terms: Doubles = field(default_factory=lambda: np.zeros((len(ALIGNMENTS), *_shape(), TERMS)))
    counted: Doubles = field(default_factory=lambda: np.zeros(_shape()))
    missing: Doubles = field(default_factory=lambda: np.zeros(_shape()))
    frames: tuple[list[Doubles], list[Doubles]] = field(default_factory=lambda: ([], []))

    def add(
        self, depth: Doubles, levels: Doubles, known: NDArray[np.bool_], terms: list[Doubles]
    ) -> None:
        """
        Add a frame.

        :param depth: (N,) reference in metres.
        :param levels: (N,) grey levels from :func:`grey_levels`.
        :param known: (N,) where there is a prediction, M places.
        :param terms: (M, 9) for each alignment.
        """
        near = np.digitize(depth, RANGE.edges) - 1
        cell = near * len(LEVEL.edges) + np.digitize(levels, LEVEL.edges) - 1
        self.missing += _table(cell[~known])
        counted = _table(cell[known])
        self.counted += counted
        for number, values in enumerate(terms):
            for term in range(TERMS):
                self.terms[number, ..., term] += _table(cell[known], values[:, term])
        abs_rel = _table(cell[known], terms[self.headline][:, ABS_REL_TERM])
        for axis, (sorted_by, frames) in enumerate(zip(AXES, self.frames, strict=True)):
            both = np.stack([counted.sum(1 - axis), abs_rel.sum(1 - axis)], 1)
            frames.append(sorted_by.join(both))

    def rows(self, axis: int, block: int) -> tuple[Row, ...]:
        """Return the rows of the coarse bins with pixels; axis 0 is distance, 1 brightness."""
        sorted_by, frames = AXES[axis], np.array(self.frames[axis])
        counted = sorted_by.join(self.counted.sum(1 - axis))
        missing = sorted_by.join(self.missing.sum(1 - axis))
        sums = [sorted_by.join(terms.sum(1 - axis)) for terms in self.terms]
        return tuple(
            Row(
                name,
                int((frames[:, part, 0] > 0).sum()),
                int(counted[part] + missing[part]),
                float(missing[part] / (counted[part] + missing[part])),
                tuple(_errors(terms[part], counted[part]) for terms in sums),
                ratio_interval(frames[:, part, 1], frames[:, part, 0], block),
            )
            for part, name in enumerate(sorted_by.names)
            if counted[part] + missing[part]
        )

    def curve(self, axis: int) -> Curve:
        """Return the error over distance (axis 0) or brightness (axis 1)."""
        sorted_by = AXES[axis]
        counted = self.counted.sum(1 - axis)
        sums = self.terms[self.headline].sum(1 - axis)
        means = sums / np.where(counted > 0, counted, np.nan)[:, None]
        ends = (*sorted_by.edges[1:], sorted_by.end)
        return Curve(
            sorted_by.name,
            sorted_by.label,
            tuple((low + high) / 2 for low, high in zip(sorted_by.edges, ends, strict=True)),
            tuple(means[:, ABS_REL_TERM].tolist()),
            # The sums are of ln(reference / prediction); a positive bias is too far.
            tuple(np.expm1(-means[:, LOG_TERM]).tolist()),
            tuple(counted.astype(int).tolist()),
        )


def grey_levels(image: Image | None, reference: Reference) -> Doubles:
    """
    Return the mean grey (N,) of the 5 x 5 pixels around each place; 64 where there is no picture.
    """
    if image is None:
        return np.full(len(reference.depth), UNLIT)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    mean = cv2.blur(grey, (NEIGHBOURHOOD, NEIGHBOURHOOD))
    rows = np.rint(reference.rows * (grey.shape[0] / reference.size[0])).astype(np.intp)
    columns = np.rint(reference.columns * (grey.shape[1] / reference.size[1])).astype(np.intp)
    inside = rows.clip(0, grey.shape[0] - 1), columns.clip(0, grey.shape[1] - 1)
    return np.asarray(mean[inside], np.float64)


def _shape() -> tuple[int, int]:
    return len(RANGE.edges), len(LEVEL.edges)


def _table(cell: NDArray[np.int64], values: Doubles | None = None) -> Doubles:
    rows, columns = _shape()
    total = np.bincount(cell, values, minlength=rows * columns)
    return total.reshape(rows, columns).astype(np.float64)


def _errors(sums: Doubles, count: float) -> DepthErrors:
    return errors_of_means(sums / count) if count else UNKNOWN_ERRORS
