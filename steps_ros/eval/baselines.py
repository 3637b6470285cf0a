"""
Depth maps that know nothing of the picture: what a network must beat.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


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
    height, pitch, roll = mounting
    u, v = np.meshgrid(np.arange(size[1]), np.arange(size[0]))
    right = (u - intrinsics[0, 2]) / intrinsics[0, 0]
    down = (v - intrinsics[1, 2]) / intrinsics[1, 1]
    level_down = np.cos(roll) * down + np.sin(roll) * right
    fall = np.cos(pitch) * level_down + np.sin(pitch)
    depth = np.where(fall > 1e-6, height / np.maximum(fall, 1e-6), max_depth)
    return np.minimum(depth, max_depth).astype(np.float32)


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
