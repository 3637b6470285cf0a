"""
Numbers of a picture by which simulated and real ones are compared.

All pictures are brought to one width first, so that gradients and noise mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH = 256
BLACK, SATURATED = 6, 250
# Bounds of the grey levels at which noise is looked up.
LEVELS = (0, 6, 16, 32, 64, 128, 256)
_PATCH = 8


@dataclass(frozen=True)
class Statistics:
    """
    One picture: ``level`` mean luminance of 255, ``median`` luminance, ``black`` and
    ``saturated`` shares of the pixels, ``gradient`` mean step in luminance to the right and
    down, ``detail`` the same by logarithm, ``colour`` mean spread of the channels, ``noise`` the
    least noise of patches at levels from 16 to 64.
    """

    level: float
    median: float
    black: float
    saturated: float
    gradient: float
    detail: float
    colour: float
    noise: float


NAMES = tuple(field.name for field in fields(Statistics))


def statistics(image: NDArray[np.uint8]) -> Statistics:
    """Return the numbers of a picture (H, W, 3) RGB."""
    image = at_width(image)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    noise = noise_by_level(image)
    return Statistics(
        level=float(grey.mean()),
        median=float(np.median(grey)),
        black=float((grey < BLACK).mean()),
        saturated=float((image.max(2) >= SATURATED).mean()),
        gradient=_steps(grey),
        detail=_steps(np.log(grey + 4)),
        colour=float((image.max(2).astype(np.float32) - image.min(2)).mean()),
        noise=float(np.nanmean(noise[2:4])) if np.isfinite(noise[2:4]).any() else np.nan,
    )


def at_width(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture scaled to the common width."""
    height = max(_PATCH, round(image.shape[0] * WIDTH / image.shape[1]))
    smaller = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8)


def noise_by_level(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """
    Return the noise of the smoothest tenth of the patches at each of the levels, NaN for none.

    It is the standard deviation of what differs from a plane, in grey levels.
    """
    grey = cv2.cvtColor(at_width(image), cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    rough = cv2.filter2D(grey, -1, kernel) ** 2
    rows, columns = (size // _PATCH * _PATCH for size in grey.shape)
    level, power = (
        values[:rows, :columns].reshape(rows // _PATCH, _PATCH, -1, _PATCH).mean((1, 3))
        for values in (grey, rough)
    )
    found = np.full(len(LEVELS) - 1, np.nan, np.float32)
    for index, (low, high) in enumerate(pairwise(LEVELS)):
        inside = power[(level >= low) & (level < high)]
        if len(inside) >= 5:
            found[index] = np.sqrt(np.quantile(inside, 0.1))
    return found


def _steps(values: NDArray[np.float32]) -> float:
    return float(np.abs(np.diff(values, axis=0)).mean() + np.abs(np.diff(values, axis=1)).mean())
