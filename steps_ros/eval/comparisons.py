"""
The network beside its baselines, on the same points of the same frames.

A baseline is told the truth about the drive as a whole, never about the frame itself: the mean
depths of its rows and cells are those of the other frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.eval.baselines import (
    cell_count,
    cell_numbers,
    fitted_plane,
    GroundPlane,
    known_plane,
    log_sums,
    row_depth,
    row_numbers,
    Sums,
    template_depth,
)
from steps_ros.eval.metrics import (
    DepthErrors,
    Doubles,
    error_values,
    fit,
    is_predicted,
    UNKNOWN_ERRORS,
)
from steps_ros.eval.protocols import Protocol
from steps_ros.eval.report import ALIGNMENTS, NETWORK
from steps_ros.eval.samples import Floats, Mounting, Reference
from steps_ros.eval.sampling import surface_depth
from steps_ros.eval.spool import Points

BASELINES = ('flat ground', 'constant per row', 'template')
METHODS = (NETWORK, *BASELINES)
PLANE_POINTS = 20_000
# Less than rounding: a map that never changes.
STILL = 1e-4

Load = Callable[[int], Points]
Cells = NDArray[np.intp]


class FrameErrors(NamedTuple):
    """A frame's number and the errors of each method under each alignment, (4, 3) tuples."""

    number: int
    errors: tuple[tuple[DepthErrors, ...], ...]


@dataclass
class Group:
    """
    The frames of one camera in one drive: same size, same place on the vehicle.

    ``log_prediction`` and ``predicted`` (h, w) sum log depth and count over the frames.
    """

    size: tuple[int, int]
    camera: Camera | None
    mounting: Mounting | None
    log_prediction: Doubles
    predicted: Doubles
    numbers: list[int] = field(default_factory=list)

    @classmethod
    def start(
        cls, size: tuple[int, int], shape: tuple[int, ...], camera: Camera | None,
        mounting: Mounting | None,
    ) -> Group:  # fmt: skip
        """Return an empty group for references of ``size`` and predictions of ``shape``."""
        return cls(size, camera, mounting, np.zeros(shape), np.zeros(shape))

    def add(self, number: int, prediction: Floats) -> None:
        """Add a frame's predicted depth (h, w)."""
        self.numbers.append(number)
        with np.errstate(invalid='ignore', divide='ignore'):
            logs = np.log(prediction.astype(np.float64))
        known = np.isfinite(logs)
        self.log_prediction += np.where(known, logs, 0)
        self.predicted += known

    def mean_prediction(self) -> Floats:
        """Return exp of the mean log depth (h, w), NaN where nothing was ever predicted."""
        with np.errstate(invalid='ignore', divide='ignore'):
            return np.exp(self.log_prediction / self.predicted).astype(np.float32)


class Compared(NamedTuple):
    """
    What a group's frames say together.

    ``ground`` says where the ground plane comes from, empty where there is none;
    ``moments`` (6,) are sums for the correlation: n, x, y, xx, yy, xy.
    """

    frames: list[FrameErrors]
    ground: str
    moments: Doubles


def compare_methods(group: Group, load: Load, protocol: Protocol) -> Compared:
    """
    Return the errors of network and baselines on the kept points of all frames of a group.

    :param load: gives the points of a frame by its number.
    """
    mean_map = group.mean_prediction()
    rows, cells = _drive_sums(group, load)
    usual = _usual_departures(group, load, mean_map)
    plane, ground = _ground(group, load)
    frames, moments = [], np.zeros(6)
    for number in group.numbers:
        points = load(number)
        guesses = _guesses(points, plane, rows, cells, protocol)
        frames.append(
            FrameErrors(number, tuple(_errors(guess, points, protocol) for guess in guesses))
        )
        # A frame that is alone is its own mean map.
        if len(group.numbers) > 1:
            moments += _moments(points, mean_map, usual)
    return Compared(frames, ground, moments)


def residual_correlation(moments: Doubles) -> float:
    """
    Return the correlation of log depth and reference, each without its mean map.

    0 where the prediction never departs from its mean map: it follows nothing in the pictures.

    :param moments: (6,) of one or several groups; NaN comes back where frames do not differ.
    """
    count, x, y, xx, yy, xy = moments
    if count < 2:
        return math.nan
    spread_x, spread_y = xx / count - (x / count) ** 2, yy / count - (y / count) ** 2
    if spread_y < STILL**2:
        return math.nan
    if spread_x < STILL**2:
        return 0.0
    return float((xy / count - x * y / count**2) / math.sqrt(spread_x * spread_y))


def _drive_sums(group: Group, load: Load) -> tuple[Sums, Sums]:
    """Return sums of log reference depth by row and by cell."""
    rows, cells = _no_sums(group.size[0]), _no_sums(cell_count(group.size))
    for number in group.numbers:
        reference = load(number).reference
        rows = rows.plus(log_sums(row_numbers(reference), reference.depth, len(rows.total)))
        cells = cells.plus(log_sums(cell_numbers(reference), reference.depth, len(cells.total)))
    return rows, cells


def _usual_departures(group: Group, load: Load, mean_map: Floats) -> Doubles:
    """Return the mean departures (2, cells) of prediction and reference over all frames."""
    bins = cell_count(group.size)
    totals, counts = np.zeros((2, bins)), np.zeros(bins)
    for number in group.numbers:
        cells, departures = _departures(load(number), mean_map)
        counts += np.bincount(cells, minlength=bins)
        totals += [np.bincount(cells, logs, minlength=bins) for logs in departures]
    return totals / np.maximum(counts, 1)


def _no_sums(bins: int) -> Sums:
    return Sums(np.zeros(bins), np.zeros(bins))


def _ground(group: Group, load: Load) -> tuple[GroundPlane | None, str]:
    """Return the ground plane and where it comes from: calibration, else the reference itself."""
    plane = known_plane(group.camera, group.mounting)
    if plane is not None:
        return plane, 'camera mounting'
    step = max(1, len(group.numbers) // 40)
    loaded = [load(number).reference for number in group.numbers[::step]]
    columns, rows, depth = (
        np.concatenate([getattr(item, name) for item in loaded])
        for name in ('columns', 'rows', 'depth')
    )
    thin = max(1, len(depth) // PLANE_POINTS)
    plane = fitted_plane(Reference(columns[::thin], rows[::thin], depth[::thin], group.size))
    return plane, 'fitted to the reference' if plane else ''


def _guesses(
    points: Points, plane: GroundPlane | None, rows: Sums, cells: Sums, protocol: Protocol
) -> list[Floats]:
    """Return the depth (N,) that each of the methods has at the points."""
    reference = points.reference
    own_rows = log_sums(row_numbers(reference), reference.depth, len(rows.total))
    own_cells = log_sums(cell_numbers(reference), reference.depth, len(cells.total))
    unknown = np.full(len(reference.depth), np.nan, np.float32)
    flat = plane.depth(reference.columns, reference.rows, protocol.cap) if plane else unknown
    others, other_cells = rows - own_rows, cells - own_cells
    if not others.points.sum() > 0.5:
        return [points.prediction, flat, unknown, unknown]
    return [
        points.prediction,
        flat,
        row_depth(reference, others),
        template_depth(reference, other_cells, others),
    ]


def _errors(guess: Floats, points: Points, protocol: Protocol) -> tuple[DepthErrors, ...]:
    known = is_predicted(guess)
    if not known.any():
        return (UNKNOWN_ERRORS,) * len(ALIGNMENTS)
    guess, truth = guess[known], points.reference.depth[known].astype(np.float64)
    aligned = (fit(guess, truth, alignment).apply(guess) for alignment in ALIGNMENTS)
    return tuple(
        error_values(np.clip(depth, protocol.min_depth, protocol.cap), truth) for depth in aligned
    )


def _moments(points: Points, mean_map: Floats, usual: Doubles) -> Doubles:
    """
    Return sums of x and y, log depth and reference without their mean maps.

    Every pixel has a prediction in every frame, but few have a reference: its mean map is that of
    the prediction, which has the fine shape, moved in each cell by what the reference is off it.
    The prediction is moved alike, by the same points: what is equal stays equal.
    """
    cells, departures = _departures(points, mean_map)
    x, y = departures - usual[:, cells]
    return np.array([len(x), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()])


def _departures(points: Points, mean_map: Floats) -> tuple[Cells, Doubles]:
    """Return the cells (N,) of known points, and what prediction and reference (2, N) are off."""
    reference = points.reference
    depths = np.stack([points.prediction, reference.depth, surface_depth(mean_map, reference)])
    with np.errstate(invalid='ignore', divide='ignore'):
        logs = np.log(depths.astype(np.float64))
        departures = logs[:2] - logs[2]
    known = np.isfinite(departures).all(axis=0)
    return cell_numbers(reference)[known], departures[:, known]
