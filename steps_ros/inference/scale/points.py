"""
The scale from points whose depth is measured, as by a LiDAR.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steps_ros.inference.scale.robust import Measured, measurement_of

Floats = NDArray[np.float32]

LEAST_POINTS = 50
# Farther points stand behind one another, and nearer ones are the vehicle's own.
NEAREST_M, FARTHEST_M = 2.0, 50.0


def points_scale(columns: Floats, rows: Floats, metres: Floats, depth: Floats) -> Measured:
    """
    Measure the scale by N points that the camera sees.

    :param columns: (N,) pixels of the depth image, centres at integers; ``rows`` likewise.
    :param metres: (N,) along the optical axis.
    :param depth: (H, W) along the optical axis, in any unit; not finite and <= 0 is unknown.
    """
    height, width = depth.shape
    across = np.clip(np.rint(columns).astype(np.intp), 0, width - 1)
    down = np.clip(np.rint(rows).astype(np.intp), 0, height - 1)
    units = depth[down, across]
    with np.errstate(invalid='ignore'):
        good = (metres >= NEAREST_M) & (metres <= FARTHEST_M) & (units > 0) & np.isfinite(units)
    ratios = np.log(metres[good].astype(np.float64) / units[good])
    return measurement_of(ratios, LEAST_POINTS, 'points in the picture')
