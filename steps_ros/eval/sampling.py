"""
The prediction at the places where the reference was measured.
"""

from __future__ import annotations

import numpy as np

from steps_ros.eval.samples import Floats, Reference

# Neighbouring pixels that differ by more lie on two surfaces: their mean is a point in the air.
SURFACE_RATIO = 1.3


def nearest_depth(prediction: Floats, reference: Reference) -> Floats:
    """
    Return a prediction (h, w) at N places as the published protocols do.

    As if resized to the reference by OpenCV's INTER_NEAREST: index floor(i * h / H).

    :returns: (N,).
    """
    rows = _floor(np.rint(reference.rows), reference.size[0], prediction.shape[0])
    columns = _floor(np.rint(reference.columns), reference.size[1], prediction.shape[1])
    return np.asarray(prediction[rows, columns])


def surface_depth(prediction: Floats, reference: Reference) -> Floats:
    """
    Return a prediction (h, w) at N places between its pixels.

    On a surface inverse depth is linear between the four pixels around the place, which is exact
    on planes; where they differ by more than 30 %, or one is unknown, the nearest pixel counts.

    :returns: (N,).
    """
    height, width = prediction.shape
    v = np.clip(reference.rows * np.float32(height / reference.size[0]), 0, height - 1)
    u = np.clip(reference.columns * np.float32(width / reference.size[1]), 0, width - 1)
    nearest = prediction[np.rint(v).astype(np.intp), np.rint(u).astype(np.intp)]
    top, left = np.floor(v).astype(np.intp), np.floor(u).astype(np.intp)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    corners = np.stack(
        [prediction[top, left], prediction[top, right], prediction[bottom, left],
         prediction[bottom, right]]
    )  # fmt: skip
    down, across = v - top, u - left
    weights = np.stack(
        [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across]
    )
    with np.errstate(divide='ignore', invalid='ignore'):
        between = 1 / (weights / corners).sum(axis=0)
        is_surface = corners.max(axis=0) <= SURFACE_RATIO * corners.min(axis=0)
    found = np.where(is_surface & np.isfinite(between), between, nearest)
    return np.asarray(found, np.float32)


def _floor(index: Floats, size: int, other_size: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.clip(index.astype(np.intp), 0, size - 1) * other_size // size
