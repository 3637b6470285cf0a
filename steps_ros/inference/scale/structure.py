"""
What of a picture belongs to the world outside: contrast in the dark, without what rides along.

At night the road is lit by the vehicle's own lamps, whose pattern rides along, as do the bonnet,
dirt on the lens and the fixed noise of the sensor. To whoever looks for motion all of that says
that there is none. It is the same in every picture, and so the mean of many is taken away.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FINEST, REGION = 1.0, 6.0
# In grey levels: contrast below this is noise, and is not raised to that of other regions.
NOISE = 4.0
LEAST_PICTURES, MOST_PICTURES = 4, 20


class Structure:
    """Takes pictures from different places of the road; remembers what is in all of them."""

    def __init__(self) -> None:
        """Start without a picture."""
        self._mean: Floats | None = None
        self._count = 0

    @property
    def is_ready(self) -> bool:
        """Say whether there were enough pictures to tell what rides along."""
        return self._count >= LEAST_PICTURES

    def add(self, image: NDArray[np.uint8]) -> None:
        """Take a picture (H, W, 3); one of another size than before starts anew."""
        grey = _smoothed(image)
        if self._mean is None or self._mean.shape != grey.shape:
            self._mean, self._count = grey, 1
            return
        self._count = min(self._count + 1, MOST_PICTURES)
        self._mean += (grey - self._mean) / self._count

    def of(self, image: NDArray[np.uint8]) -> Floats:
        """Return the contrast (H, W) of a picture, about 1 everywhere but in noise."""
        grey = _smoothed(image)
        if self._mean is not None and self._mean.shape == grey.shape:
            grey = grey - self._mean
        detail = grey - cv2.GaussianBlur(grey, (0, 0), REGION)
        deviation = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), REGION))
        return np.asarray(detail / (deviation + NOISE), np.float32)


def _smoothed(image: NDArray[np.uint8]) -> Floats:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), FINEST), np.float32)
