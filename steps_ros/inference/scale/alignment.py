"""
The motion of a camera between two pictures, from one picture's depth: direct alignment.

Points of the first picture are moved, projected into the second and compared there, and the
motion is changed until they agree (Gauss-Newton, from coarse to fine). No corners have to be found
again, of which a dark road has too few; thousands of weak pixels decide together. How well the
pictures agree in the end, place by place, tells a found motion from none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LEVELS = 3
# On each level from the finest: how many of the strongest pixels, and how many steps.
PIXELS, STEPS = (2000, 1200, 700), (4, 5, 6)
LEAST_GRADIENT = 0.02
# Cells across a picture, from whose strongest pixels in turn those to compare are taken.
CELLS = 16
# A pixel that changed by less than this times its gradient kept its place in the picture.
LEAST_FLOW = 0.5
SURFACE_RATIO = 1.3
LEAST_INSIDE = 0.25
LEAST_PIXELS = 100
# Pixels of a cell, fewer of which tell nothing of how alike it is in both pictures.
LEAST_OF_CELL = 8
CAUCHY, LEAST_SIGMA, LARGEST = 1.5, 0.02, 2.0
DAMPING = 1e-3


class Motion(NamedTuple):
    """
    How a camera moved.

    ``rotation`` (3, 3) and ``translation`` (3,), in units of the depth, take points from the first
    camera to the second; ``agreement`` of the pictures then, -1 to 1: the median of the
    correlations of small cells, so that what moves by itself in a part of the picture does not
    count. ``rows``, ``columns``, and ``places`` (N, 2) as column and row: pixels of the first
    picture, and where they are in the second.
    """

    rotation: Doubles
    translation: Doubles
    agreement: float
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    places: Floats


class _Level(NamedTuple):
    first: Floats
    second: Floats
    gradients: tuple[Floats, Floats]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    points: Doubles
    camera: Camera


class _Shown(NamedTuple):
    """Points as a motion puts them into the second picture."""

    moved: Doubles
    places: Floats
    inside: NDArray[np.bool_]
    value: Floats


class _Pose(NamedTuple):
    rotation: Doubles
    translation: Doubles


def align(
    first: Floats, second: Floats, depth: Floats, camera: Camera, lengths: Sequence[float]
) -> Motion | None:
    """
    Find the motion from one picture to the next.

    :param first: contrast (H, W) of a picture; ``second`` of the other.
    :param depth: (H, W) of the first along the optical axis, in any unit.
    :param lengths: of motions straight ahead to begin with, below 0 straight back, in that unit;
        the best wins.
    :returns: None where there are too few pixels to compare.
    """
    levels = _levels(first, second, depth, camera)
    if any(len(level.rows) < LEAST_PIXELS for level in levels):
        return None
    starts = [_Pose(np.eye(3), np.array([0.0, 0.0, -length])) for length in lengths]
    poses = [_refined(levels[-1], start, STEPS[-1]) for start in starts]
    pose = max(poses, key=lambda found: _correlation(levels[-1], found))
    for number in reversed(range(LEVELS - 1)):
        pose = _refined(levels[number], pose, STEPS[number])
    finest = levels[0]
    shown = _shown(finest, pose)
    return Motion(*pose, _agreement(finest, shown), finest.rows, finest.columns, shown.places)


def _levels(first: Floats, second: Floats, depth: Floats, camera: Camera) -> list[_Level]:
    levels = []
    for number in range(LEVELS):
        if number:
            first, second = cv2.pyrDown(first), cv2.pyrDown(second)
            height, width = first.shape
            depth = np.ascontiguousarray(depth[::2, ::2])
            camera = camera.resized(width, height)
        rows, columns = _chosen(first, second, depth, PIXELS[number])
        z = depth[rows, columns].astype(np.float64)
        x, y = (columns - camera.cx) / camera.fx * z, (rows - camera.cy) / camera.fy * z
        points = np.stack([x, y, z], 1)
        levels.append(_Level(first, second, _gradients(second), rows, columns, points, camera))
    return levels


def _gradients(picture: Floats) -> tuple[Floats, Floats]:
    return cv2.Scharr(picture, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(picture, cv2.CV_32F, 0, 1) / 32


def _chosen(
    first: Floats, second: Floats, depth: Floats, most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """
    Return rows and columns of strong pixels on surfaces that moved in the picture.

    They are spread over it: the strongest of all would lie on the lamps and the bodywork of
    others, who move by themselves.
    """
    strength = np.hypot(*_gradients(first))
    # OpenCV finds a least and a most beside NaN, or not, as its instructions have it.
    known = np.where(np.isnan(depth), np.float32(0), depth)
    nearest = cv2.erode(known, np.ones((3, 3), np.uint8))
    farthest = cv2.dilate(known, np.ones((3, 3), np.uint8))
    with np.errstate(invalid='ignore', over='ignore'):
        good = (nearest > 0) & np.isfinite(farthest) & (farthest <= SURFACE_RATIO * nearest)
    good &= (strength > LEAST_GRADIENT) & (np.abs(second - first) > LEAST_FLOW * strength)
    good[[0, -1]] = good[:, [0, -1]] = False
    rows, columns = np.nonzero(good)
    cells = _cells(rows, columns, first.shape[1])
    chosen = _by_turns(strength[rows, columns], cells)[:most]
    return rows[chosen], columns[chosen]


def _cells(rows: NDArray[np.intp], columns: NDArray[np.intp], width: int) -> NDArray[np.intp]:
    """Return the number of the square cell that each pixel lies in."""
    side = -(-width // CELLS)
    return rows // side * CELLS + columns // side


def _by_turns(strength: Floats, cells: NDArray[np.intp]) -> NDArray[np.intp]:
    """Order pixels: the strongest of each cell, then the second of each, and so on."""
    order = np.lexsort((-strength, cells))
    begins = np.searchsorted(cells[order], cells[order])
    turns = np.empty_like(order)
    turns[order] = np.arange(len(order)) - begins
    return np.lexsort((-strength, turns))


def _refined(level: _Level, pose: _Pose, steps: int) -> _Pose:
    for _ in range(steps):
        shown = _shown(level, pose)
        if shown.inside.sum() < LEAST_PIXELS:
            return pose
        turn, shift = _step(level, shown)
        pose = _Pose(turn @ pose.rotation, turn @ pose.translation + shift)
    return pose


def _shown(level: _Level, pose: _Pose) -> _Shown:
    moved = level.points @ pose.rotation.T + pose.translation
    moved[:, 2] = np.maximum(moved[:, 2], 1e-3 * level.points[:, 2])
    camera = level.camera
    column = camera.fx * moved[:, 0] / moved[:, 2] + camera.cx
    row = camera.fy * moved[:, 1] / moved[:, 2] + camera.cy
    inside = (column > 0) & (column < camera.width - 1) & (row > 0) & (row < camera.height - 1)
    places = np.stack([column, row], 1).clip(-1e4, 1e4).astype(np.float32)
    return _Shown(moved, places, inside, _sampled(level.second, places))


def _sampled(picture: Floats, places: Floats) -> Floats:
    sampled = cv2.remap(picture, places[:, None], None, cv2.INTER_LINEAR)
    return np.asarray(sampled.reshape(-1), np.float32)


def _step(level: _Level, shown: _Shown) -> tuple[Doubles, Doubles]:
    """Return the turn (3, 3) and the shift (3,) that lessen the differences most."""
    error = shown.value - level.first[level.rows, level.columns]
    deviation = 1.4826 * float(np.median(np.abs(error[shown.inside])))
    sigma = max(deviation, LEAST_SIGMA)
    weight = np.where(shown.inside, 1 / (1 + (error / (CAUCHY * sigma)) ** 2), 0.0)
    x, y, z = shown.moved.T
    across, down = (_sampled(gradient, shown.places) for gradient in level.gradients)
    a, b = across * level.camera.fx / z, down * level.camera.fy / z
    c = -(a * x + b * y) / z
    # Shifts in units of the usual depth are as large as turns, and the system is well made.
    unit = float(np.median(z))
    shifts = np.stack([a, b, c], 1)
    jacobian = np.concatenate([np.cross(shown.moved, shifts), unit * shifts], 1)
    weighted = jacobian * weight[:, None]
    matrix = weighted.T @ jacobian
    matrix += DAMPING / 6 * np.trace(matrix) * np.eye(6) + 1e-12 * np.eye(6)
    found = -np.linalg.solve(matrix, weighted.T @ error)
    return cv2.Rodrigues(found[:3])[0], unit * found[3:]


def _agreement(level: _Level, shown: _Shown) -> float:
    """Return the median correlation of the cells; -1 where too little is in both pictures."""
    inside = shown.inside
    if inside.mean() < LEAST_INSIDE:
        return -1.0
    cells = _cells(level.rows[inside], level.columns[inside], level.first.shape[1])
    counts = np.bincount(cells)
    found = [
        _alike(level, shown, np.flatnonzero(inside)[cells == cell])
        for cell in np.flatnonzero(counts >= LEAST_OF_CELL)
    ]
    return float(np.median(found)) if found else -1.0


def _correlation(level: _Level, pose: _Pose) -> float:
    """Return how alike the pixels are; -1 where too few of them are in both pictures."""
    shown = _shown(level, pose)
    inside = shown.inside
    if inside.mean() < LEAST_INSIDE or inside.sum() < LEAST_PIXELS:
        return -1.0
    return _alike(level, shown, np.flatnonzero(inside))


def _alike(level: _Level, shown: _Shown, which: NDArray[np.intp]) -> float:
    """Return the correlation of some pixels in both pictures."""
    pair = np.stack([level.first[level.rows[which], level.columns[which]], shown.value[which]])
    pair = pair.astype(np.float64).clip(-LARGEST, LARGEST)
    pair -= pair.mean(1, keepdims=True)
    length = float(np.sqrt((pair[0] ** 2).sum() * (pair[1] ** 2).sum()))
    return float((pair[0] * pair[1]).sum()) / length if length else -1.0
