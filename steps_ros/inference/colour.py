"""
Depth as colours for people.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

UNKNOWN = (128, 128, 128)
SKY = (180, 205, 235)
PERCENTILES = (2, 98)


def colour_depth(depth: NDArray[np.float32], nearest: float, farthest: float) -> NDArray[np.uint8]:
    """
    Paint near red and far blue, evenly in inverse depth, where the eye needs the detail.

    The range is the caller's, so that one depth has one colour throughout a sequence.

    :param depth: (H, W); NaN is painted grey, infinity in a pale blue that no depth has.
    :param nearest: depth that is painted in the first colour, greater than 0.
    :param farthest: depth that is painted in the last colour, greater than ``nearest``.
    :returns: (H, W, 3) uint8 RGB.
    """
    scale = np.float32(255 / (1 / nearest - 1 / farthest))
    with np.errstate(divide='ignore', invalid='ignore'):
        levels = np.reciprocal(depth)
        levels -= np.float32(1 / farthest)
        levels *= scale
    unknown, sky = np.isnan(depth), np.isposinf(depth)
    np.copyto(levels, 0, where=unknown)
    np.clip(levels, 0, 255, out=levels)
    painted = cv2.applyColorMap(levels.astype(np.uint8), _turbo())
    painted[unknown] = UNKNOWN
    painted[sky] = SKY
    return np.asarray(painted, np.uint8)


def colour_range(depth: NDArray[np.float32]) -> tuple[float, float]:
    """
    Return a (nearest, farthest) that suits this depth: its 2nd and 98th percentile.

    Take it from one image of a sequence, not from each: colours that change their meaning
    from frame to frame show movement where there is none.

    :param depth: (H, W); values that are not finite and positive are left out.
    :returns: 0.1 and 100 where nothing is left; never two equal numbers.
    """
    known = depth[np.isfinite(depth) & (depth > 0)]
    if not known.size:
        return 0.1, 100.0
    nearest, farthest = (float(value) for value in np.percentile(known, PERCENTILES))
    return nearest, max(farthest, 1.001 * nearest)


@cache
def _turbo() -> NDArray[np.uint8]:
    """Return the 256 colours, (256, 1, 3) RGB, so that no picture has to be converted."""
    levels = np.arange(256, dtype=np.uint8)[:, None]
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    return np.asarray(colours, np.uint8)
