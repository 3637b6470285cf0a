"""
Depth as colours for people.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def colour_depth(depth: NDArray[np.float32], nearest: float, farthest: float) -> NDArray[np.uint8]:
    """
    Paint near red and far blue, evenly in inverse depth, where the eye needs the detail.

    :param depth: (H, W); NaN is painted black, infinity as far.
    :param nearest: depth that is painted in the first colour, greater than 0.
    :param farthest: depth that is painted in the last colour, greater than ``nearest``.
    :returns: (H, W, 3) uint8 RGB.
    """
    with np.errstate(divide='ignore', invalid='ignore'):
        closeness = (1 / depth - 1 / farthest) / (1 / nearest - 1 / farthest)
    known = ~np.isnan(closeness)
    levels = np.where(known, np.clip(closeness, 0, 1) * 255, 0).astype(np.uint8)
    painted = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    painted[~known] = 0
    return np.asarray(painted, np.uint8)
