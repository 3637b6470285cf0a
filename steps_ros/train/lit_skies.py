"""
Simulated pictures under another sky: dusk, a moon behind clouds, the glow of a city.

Of streets that were drawn once the sky is the one part that can be changed without drawing again:
its light is added where depth is infinite, and lights nothing else.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.data.frames import Image

# RGB of dusk, late dusk, moonlit clouds, and clouds over a city.
_TINTS = ((0.3, 0.5, 1.0), (0.55, 0.5, 1.0), (0.9, 0.95, 1.0), (1.0, 0.7, 0.45))
# Grey levels that are added where the sky is brightest.
_LEAST_LEVEL, _MOST_LEVEL = 5.0, 90.0
# Rows and columns of the random numbers that clouds are made of.
_CLOUDS = (5, 8)


def light_sky(image: Image, depth: NDArray[np.float16], generator: np.random.Generator) -> Image:
    """
    Return the picture with more light in its sky, of one tint, uneven from side to side.

    :param image: uint8 (H, W, 3) RGB; stays as it is.
    :param depth: (H, W), +inf where the sky is.
    """
    height, width = depth.shape
    tint = np.array(_TINTS[int(generator.integers(len(_TINTS)))])
    tint = tint * np.exp(generator.normal(0, 0.15, 3))
    level = math.exp(generator.uniform(math.log(_LEAST_LEVEL), math.log(_MOST_LEVEL)))
    corners = generator.uniform(0.1, 1.0, (2, 2))
    clouds = generator.uniform(0.0, 0.6) * (generator.random(_CLOUDS) - 0.5)
    size = (width, height)
    light = cv2.resize(corners.astype(np.float32), size) * (
        1 + cv2.resize(clouds.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    )
    light *= np.isposinf(depth) * np.float32(level)
    added = light[..., None] * tint.astype(np.float32)
    return np.asarray(np.clip(np.rint(image + added), 0, 255), np.uint8)
