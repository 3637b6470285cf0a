"""
Pictures as a browser gets them: not too wide, depth in colours that keep their meaning.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.inference.colour import colour_depth, colour_range

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


class DepthRange(NamedTuple):
    """The depths that have the first and the last colour, and their unit."""

    nearest: float
    farthest: float
    unit: str


class DepthPainter:
    """
    Paints depth as ``steps-ros run`` does: with the range of the first picture.

    The range is taken anew when the unit changes, and when it is forgotten.
    """

    def __init__(self) -> None:
        self._range: DepthRange | None = None

    def forget(self) -> None:
        """Let the next picture set the range."""
        self._range = None

    def paint(self, depth: Floats, unit: str, width: int) -> tuple[Image, DepthRange]:
        """
        Return the painted depth, not wider than ``width``, and the range of its colours.

        :param depth: (H, W); NaN unknown, infinity far, as :func:`colour_depth` takes it.
        """
        current = self._range
        if current is None or current.unit != unit:
            current = DepthRange(*colour_range(depth), unit)
            # A first picture without any depth would leave colours that fit nothing.
            self._range = current if np.isfinite(depth).any() else None
        thin = _fitted(depth, width, cv2.INTER_NEAREST)
        return colour_depth(thin, current.nearest, current.farthest), current


def fit_width(image: Image, width: int) -> Image:
    """Return (H, W, 3) with its aspect, not wider than ``width``."""
    return np.asarray(_fitted(image, width, cv2.INTER_AREA), np.uint8)


def _fitted(pixels: NDArray, width: int, interpolation: int) -> NDArray:  # type: ignore[type-arg]
    height, own = pixels.shape[:2]
    if own <= width:
        return pixels
    size = (width, max(1, round(height * width / own)))
    return np.asarray(cv2.resize(pixels, size, interpolation=interpolation))
