"""
Depth maps that know nothing of the picture: what a network must beat.
"""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.eval.samples import Doubles, Floats, Mounting, Reference

# A point belongs to the ground when its inverse depth is that near to the plane's.
GROUND_TOLERANCE = 0.04
GROUND_TRIALS = 400
LEAST_GROUND_SHARE = 0.2
MOST_ROLL = 0.2
LOWER_SHARE = 0.45
CELLS_ACROSS = 64


class GroundPlane(NamedTuple):
    """
    A plane as a camera sees it: 1 / depth = ``across`` * u + ``down`` * v + ``offset``.

    In 1/m and pixels; the plane's horizon is where this is 0.
    """

    across: float
    down: float
    offset: float

    def depth(self, columns: Floats, rows: Floats, max_depth: float) -> Floats:
        """Return the depth (N,) of the plane, and ``max_depth`` above its horizon."""
        inverse = self.across * columns + self.down * rows + self.offset
        return (1 / np.maximum(inverse, 1 / max_depth)).astype(np.float32)


def mounted_plane(intrinsics: NDArray[np.float32] | Doubles, mounting: Mounting) -> GroundPlane:
    """Return the ground under a camera of K (3, 3) with this height, pitch and roll."""
    (fx, _, cx), (_, fy, cy), _ = intrinsics
    height, pitch, roll = mounting
    across = math.cos(pitch) * math.sin(roll) / (fx * height)
    down = math.cos(pitch) * math.cos(roll) / (fy * height)
    return GroundPlane(across, down, math.sin(pitch) / height - across * cx - down * cy)


def flat_ground_depth(
    intrinsics: NDArray[np.float32],
    size: tuple[int, int],
    mounting: tuple[float, float, float],
    max_depth: float,
) -> NDArray[np.float32]:
    """
    Return the depth of an empty plane, and ``max_depth`` above its horizon.

    :param intrinsics: K (3, 3) of the picture.
    :param size: height and width in pixels.
    :param mounting: camera height in metres, pitch (positive looks down) and roll in radians.
    :returns: (H, W) metres along the optical axis.
    """
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    plane = mounted_plane(intrinsics, Mounting(*mounting))
    return plane.depth(columns, rows, max_depth)


def known_plane(camera: Camera | None, mounting: Mounting | None) -> GroundPlane | None:
    """Return the ground as calibration and mounting say, None where one of them is missing."""
    if camera is None or mounting is None:
        return None
    return mounted_plane(np.array(camera.matrix), mounting)


def fitted_plane(reference: Reference) -> GroundPlane | None:
    """
    Find the ground in reference points of one or several frames (RANSAC, then least squares).

    Looked for among the points in the lower 45 % of the picture.

    :returns: the plane that most points lie on, None where no plane holds a fifth of them.
    """
    low = reference.rows > (1 - LOWER_SHARE) * reference.size[0]
    places = np.stack([reference.columns[low], reference.rows[low], np.ones(int(low.sum()))], 1)
    inverse = 1 / reference.depth[low].astype(np.float64)
    if len(inverse) < 3:
        return None
    generator = np.random.default_rng(0)
    best = np.zeros(len(inverse), np.bool_)
    for _ in range(GROUND_TRIALS):
        chosen = generator.integers(len(inverse), size=3)
        if abs(np.linalg.det(places[chosen])) < 1.0:
            continue
        plane = np.linalg.solve(places[chosen], inverse[chosen])
        if plane[1] <= 0 or abs(plane[0]) > MOST_ROLL * plane[1]:
            continue
        fits = np.abs(places @ plane - inverse) < GROUND_TOLERANCE * inverse
        best = fits if fits.sum() > best.sum() else best
    if best.sum() < max(3, LEAST_GROUND_SHARE * len(inverse)):
        return None
    weights = 1 / inverse[best]
    plane, *_ = np.linalg.lstsq(places[best] * weights[:, None], np.ones(len(weights)), rcond=None)
    return GroundPlane(*(float(number) for number in plane))


class Sums(NamedTuple):
    """Sums of log depth and numbers of points, (B,) each, by row or by cell of the picture."""

    total: Doubles
    points: Doubles

    def __sub__(self, other: Sums) -> Sums:
        """Return what is left without a part."""
        return Sums(self.total - other.total, self.points - other.points)

    def plus(self, other: Sums) -> Sums:
        """Return both together."""
        return Sums(self.total + other.total, self.points + other.points)

    def means(self) -> Doubles:
        """Return the mean log depth, NaN where there is no point."""
        return self.total / np.where(self.points > 0.5, self.points, np.nan)


def row_numbers(reference: Reference) -> NDArray[np.intp]:
    """Return the row (N,) of the picture that each point lies in."""
    return np.rint(reference.rows).astype(np.intp).clip(0, reference.size[0] - 1)


def cell_numbers(reference: Reference) -> NDArray[np.intp]:
    """Return the cell (N,) that each point lies in: squares, 64 across the picture."""
    side = max(1.0, reference.size[1] / CELLS_ACROSS)
    column = (np.rint(reference.columns).clip(0, reference.size[1] - 1) // side).astype(np.intp)
    return np.asarray((row_numbers(reference) // side).astype(np.intp) * CELLS_ACROSS + column)


def cell_count(size: tuple[int, int]) -> int:
    """Return how many cells a picture of (height, width) has."""
    side = max(1.0, size[1] / CELLS_ACROSS)
    return (int((size[0] - 1) // side) + 1) * CELLS_ACROSS


def log_sums(numbers: NDArray[np.intp], depth: Floats, bins: int) -> Sums:
    """Return the sums of log depth by row or cell number."""
    logs = np.log(depth.astype(np.float64))
    return Sums(
        np.bincount(numbers, logs, minlength=bins).astype(np.float64),
        np.bincount(numbers, minlength=bins).astype(np.float64),
    )


def row_depth(reference: Reference, rows: Sums) -> Floats:
    """Return exp of the mean log of each point's row (N,), that of all where a row has none."""
    means = rows.means()
    overall = rows.total.sum() / max(rows.points.sum(), 1)
    return np.exp(np.where(np.isnan(means), overall, means)[row_numbers(reference)]).astype(
        np.float32
    )


def template_depth(reference: Reference, cells: Sums, rows: Sums) -> Floats:
    """Return the mean log-depth map (N,) at the points, the row's where a cell has none."""
    means = np.exp(cells.means())[cell_numbers(reference)]
    return np.where(np.isnan(means), row_depth(reference, rows), means).astype(np.float32)


def mean_log_depth(depths: Iterable[NDArray[np.float32]], max_depth: float) -> NDArray[np.float32]:
    """
    Return exp of the mean log depth at each pixel, the best picture-blind guess.

    :param depths: maps of one size in metres, at least one; beyond ``max_depth`` counts as it.
    """
    total, count = np.float64(0), 0
    for depth in depths:
        total = total + np.log(np.clip(depth.astype(np.float64), 0.1, max_depth))
        count += 1
    return np.asarray(np.exp(total / count), np.float32)
