"""
The road ahead: a plane through its depth, and the height of the camera above it.

On a plane inverse depth is linear in a pixel's ray: 1 / z = (n / h) . (x / z, y / z, 1), where n
is the plane's normal and h the camera's distance from it, in units of the depth. Pitch and roll
come out of the fit and need not be known.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.inference.rays import camera_rays
from steps_ros.inference.scale.robust import Refusal

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Looked at is a trapezoid, in shares of the picture: from this row to that one, and to both sides
# of the middle at its upper and its lower edge.
TOP, BOTTOM = 0.5, 0.97
HALF_WIDTH_TOP, HALF_WIDTH_BOTTOM = 0.15, 0.35
COLUMNS = 80
TRIALS = 120
REFITS = 4
# A pixel lies on the plane when its inverse depth is that near to the plane's.
TOLERANCE = 0.05
MOST_PITCH, MOST_ROLL = math.radians(25), math.radians(12)
LEAST_PIXELS = 60
LEAST_SHARE = 0.3
# The camera is this much higher above the road than above the bonnet, or there is no bonnet.
BONNET_RATIO = 1.6
# Share of the road behind it, the nearest, that is looked at for the leap in depth.
SEAM = 0.1
# Share of the pixels that the road behind it has; less may be where the road dips.
LEAST_BEHIND = 0.15
# Farthest by nearest depth on the plane: a road that shows less may be anything.
LEAST_REACH = 1.5


class Ground(NamedTuple):
    """
    The plane of the road.

    ``normal`` (3,) unit, in camera axes, pointing down; ``height`` of the camera above it in
    units of the depth; ``share`` of the pixels looked at that lie on it; ``rows`` and
    ``columns`` (N,) the pixels of the depth that do; ``spread`` of their inverse depth, relative.
    """

    normal: Doubles
    height: float
    share: float
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    spread: float


def find_ground(depth: Floats, camera: Camera) -> Ground | Refusal:
    """
    Find the road in the lower middle of the picture (RANSAC, then least squares).

    Refused is a plane that holds less than 30 % of the pixels there, tilts by more than 25
    degrees along or 12 degrees across the view, or does not lead away from the camera. Where a
    second plane lies far below the first, the first is the bonnet and the second the road.
    """
    seen = _seen(depth, camera)
    if len(seen.inverse) < LEAST_PIXELS:
        return Refusal('depth of the road is unknown')
    plane = _plane(seen)
    if plane is None:
        return Refusal('no road in the lower middle of the picture')
    rest = seen.only(~_fits(seen.axes @ plane, seen.inverse))
    below = _plane(rest)
    return _ground(seen, plane) if below is None else _lower(seen, plane, rest, below)


class _Seen(NamedTuple):
    """Rays (N, 3) and inverse depths (N,) of known pixels; how many were looked at in all."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    axes: Doubles
    inverse: Doubles
    looked_at: int

    def only(self, chosen: Bools) -> _Seen:
        """Return some of the pixels."""
        return _Seen(
            self.rows[chosen],
            self.columns[chosen],
            self.axes[chosen],
            self.inverse[chosen],
            self.looked_at,
        )


def _seen(depth: Floats, camera: Camera) -> _Seen:
    rows, columns = _places(*depth.shape)
    rays = camera_rays(camera)[:, rows, columns].astype(np.float64)
    with np.errstate(divide='ignore', invalid='ignore'):
        inverse = 1 / depth[rows, columns].astype(np.float64)
    axes = np.stack([*rays, np.ones(len(rows))], 1)
    known = np.isfinite(inverse) & (inverse > 0)
    return _Seen(rows, columns, axes, inverse, len(rows)).only(known)


def _plane(seen: _Seen) -> Doubles | None:
    if len(seen.inverse) < LEAST_PIXELS:
        return None
    return _refitted(seen.axes, seen.inverse, _best_plane(seen.axes, seen.inverse))


def _lower(seen: _Seen, plane: Doubles, rest: _Seen, below: Doubles) -> Ground | Refusal:
    """Return the second plane where the first is a bonnet, else the first."""
    is_lower = np.linalg.norm(plane) > BONNET_RATIO * np.linalg.norm(below)
    behind = rest.only(_fits(rest.axes @ below, rest.inverse))
    share = len(behind.inverse) / seen.looked_at
    if not is_lower or share < LEAST_BEHIND or _meet(plane, behind):
        return _ground(seen, plane)
    bonnet = len(seen.inverse) - len(rest.inverse)
    return _ground(rest._replace(looked_at=seen.looked_at - bonnet), below)


def _meet(plane: Doubles, behind: _Seen) -> bool:
    """Say whether one plane goes on in the other, as at the foot of a ramp; a bonnet ends."""
    nearest = behind.only(behind.inverse >= np.quantile(behind.inverse, 1 - SEAM))
    return bool(np.median(nearest.axes @ plane / nearest.inverse) < BONNET_RATIO)


def _ground(seen: _Seen, plane: Doubles) -> Ground | Refusal:
    """Return the plane as the road, or why it cannot be it."""
    predicted = seen.axes @ plane
    fits = _fits(predicted, seen.inverse)
    share = float(fits.sum() / seen.looked_at)
    if fits.sum() < LEAST_PIXELS or share < LEAST_SHARE:
        return Refusal(f'only {share:.0%} of the lower middle of the picture lie on one plane')
    near, far = np.percentile(seen.inverse[fits], (95, 5))
    if near < LEAST_REACH * far:
        return Refusal('the plane ahead does not lead away from the camera')
    length = float(np.linalg.norm(plane))
    spread = float(np.std(predicted[fits] / seen.inverse[fits]))
    return Ground(plane / length, 1 / length, share, seen.rows[fits], seen.columns[fits], spread)


def _places(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns (N,) of the pixels that are looked at."""
    step = max(1, width // COLUMNS)
    rows, columns = np.mgrid[int(TOP * height) : int(BOTTOM * height) : step, 0:width:step]
    down = (rows / height - TOP) / (BOTTOM - TOP)
    half = HALF_WIDTH_TOP + down * (HALF_WIDTH_BOTTOM - HALF_WIDTH_TOP)
    inside = np.abs(columns / width - 0.5) <= half
    return rows[inside], columns[inside]


def _best_plane(axes: Doubles, inverse: Doubles) -> Doubles | None:
    """Return the plane through three of the pixels that most pixels lie on."""
    chosen = np.random.default_rng(0).integers(len(inverse), size=(TRIALS, 3))
    corners = axes[chosen]
    chosen, corners = (kept[np.abs(np.linalg.det(corners)) > 1e-6] for kept in (chosen, corners))
    if not len(chosen):
        return None
    planes = np.linalg.solve(corners, inverse[chosen][..., None])[..., 0]
    planes = planes[_is_road(planes)]
    if not len(planes):
        return None
    counts = _fits(planes @ axes.T, inverse).sum(1)
    return np.asarray(planes[int(counts.argmax())])


def _refitted(axes: Doubles, inverse: Doubles, plane: Doubles | None) -> Doubles | None:
    """Return the plane with the least relative error on the pixels that lie on it."""
    for _ in range(REFITS):
        if plane is None or not _is_road(plane):
            return None
        fits = _fits(axes @ plane, inverse)
        if fits.sum() < LEAST_PIXELS:
            return None
        relative = axes[fits] / inverse[fits, None]
        plane = np.asarray(np.linalg.lstsq(relative, np.ones(len(relative)), rcond=None)[0])
    return plane if plane is not None and _is_road(plane) else None


def _is_road(planes: Doubles) -> Bools:
    """Say which planes (..., 3) lie below the camera, nearly level."""
    across, down, along = planes[..., 0], planes[..., 1], planes[..., 2]
    level = (np.abs(across) <= math.tan(MOST_ROLL) * down) & (
        np.abs(along) <= math.tan(MOST_PITCH) * down
    )
    return np.asarray(level & (down > 0))


def _fits(predicted: Doubles, inverse: Doubles) -> Bools:
    return np.asarray(np.abs(predicted - inverse) <= TOLERANCE * inverse)
