"""
An organised cloud as few enough points for a network and a browser.
"""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Points(NamedTuple):
    """
    Points in the camera's optical frame: x right, y down, z along the axis.

    ``positions`` (N, 3) float32, all finite; ``colours`` (N, 3) uint8 RGB; ``total`` is how many
    points the cloud has.
    """

    positions: NDArray[np.float32]
    colours: NDArray[np.uint8]
    total: int

    @property
    def median_depth(self) -> float:
        """Return the size of the scene in its own unit; 1 where there are no points."""
        return float(np.median(self.positions[:, 2])) if len(self.positions) else 1.0


def thin_points(cloud: NDArray[np.float32], most: int) -> Points:
    """
    Return at most so many points: every n-th of every n-th row, or of every row more, no holes.

    The same pixels in every frame, so that a scene at rest does not shimmer.

    :param cloud: (H, W, 4) x, y, z and the colour packed as 0x00RRGGBB, NaN in holes, as
        :func:`steps_ros.inference.cloud.organised_cloud` makes it.
    """
    known = np.asarray(np.isfinite(cloud[..., :3]).all(-1))
    total = int(known.sum())
    for columns in count(2):
        # One in 1, 2, 4, 6, 9, 12, ... points.
        every = slice(None, None, columns // 2), slice(None, None, (columns + 1) // 2)
        if int(known[every].sum()) <= most:
            break
    kept = np.ascontiguousarray(cloud[every][known[every]])
    # In memory, least byte first: blue, green, red, 0.
    colours = kept[:, 3:].copy().view(np.uint8).reshape(-1, 4)[:, 2::-1]
    return Points(kept[:, :3], np.ascontiguousarray(colours), total)
