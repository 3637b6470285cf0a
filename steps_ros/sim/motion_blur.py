"""
Blur by motion while the shutter is open, from the true motion of each pixel.

Light is gathered along the fastest motion nearby. A nearer surface smears over what is behind it,
a farther one only into pixels that move themselves (McGuire and others, "A reconstruction filter
for plausible motion blur", 2012).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.mesh import Floats

Halfs = NDArray[np.float16]
# Pixels per 320 of width: less is not seen, more would leave gaps between the samples.
_SHORTEST, _LONGEST = 0.7, 12.0
_TIMES = (-0.5, -0.33, -0.17, 0.17, 0.33, 0.5)
_BLOCK = 4
# Surfaces of one object may differ by this share of inverse depth.
_TOLERANCE = 0.93


def blurred(light: Floats, motion: Halfs, depth: Halfs, shutter_s: float) -> Floats:
    """
    Return the mean light (H, W, 3) while the shutter is open.

    :param motion: (H, W, 2) pixels per second to the right and down.
    :param depth: (H, W) metres, +inf for sky.
    """
    scale = light.shape[1] / 320
    path = motion.astype(np.float32) * np.float32(shutter_s)
    speed = np.hypot(path[..., 0], path[..., 1])
    if speed.max() < _SHORTEST * scale:
        return light
    path *= np.minimum(1, _LONGEST * scale / np.maximum(speed, 1e-6))[..., None]
    speed = np.minimum(speed, _LONGEST * scale)
    strongest = _fastest_nearby(path, speed)
    length = np.hypot(strongest[..., 0], strongest[..., 1])
    nearness = 1 / depth.astype(np.float32)
    known = np.dstack([speed, nearness])
    rows, columns = np.indices(speed.shape, np.float32)
    rest = np.full(speed.shape, len(_TIMES) + 1, np.float32)
    total = np.zeros_like(light)
    for time in _TIMES:
        across, down = columns + time * strongest[..., 0], rows + time * strongest[..., 1]
        found = cv2.remap(known, across, down, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        sample = cv2.remap(light, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        is_before = found[..., 1] > _TOLERANCE * nearness
        reach = np.where(is_before, found[..., 0], speed) / 2
        share = np.clip(reach - abs(time) * length + 1, 0, 1)
        total += share[..., None] * sample
        rest -= share
    return np.asarray((total + rest[..., None] * light) / (len(_TIMES) + 1), np.float32)


def _fastest_nearby(path: Floats, speed: Floats) -> Floats:
    """Return the longest path (H, W, 2) in each pixel's block and the eight round it."""
    height, width = speed.shape
    block = _BLOCK * max(1, round(width / 320))
    rows, columns = -(-height // block), -(-width // block)
    padding = ((0, rows * block - height), (0, columns * block - width), (0, 0))
    padded = np.pad(np.dstack([path, speed]), padding)
    cells = padded.reshape(rows, block, columns, block, 3).swapaxes(1, 2)
    best = _longest(cells.reshape(rows, columns, block * block, 3))
    ring = np.pad(best, ((1, 1), (1, 1), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(ring, (3, 3), (0, 1)).reshape(
        rows, columns, 3, 9
    )
    best = _longest(near.swapaxes(2, 3))
    return np.repeat(np.repeat(best[..., :2], block, 0), block, 1)[:height, :width]


def _longest(choices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return of (R, C, N, 3) paths with their speeds the fastest, (R, C, 3)."""
    index = choices[..., 2].argmax(2)[..., None, None]
    return np.take_along_axis(choices, index, 2)[:, :, 0]
