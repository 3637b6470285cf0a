"""
What a prediction is made of, apart from the networks, so that a node can name it without torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Outputs(NamedTuple):
    """Which fields of a :class:`Prediction` are wanted; the others are not computed."""

    enhanced: bool = True
    depth: bool = True
    confidence: bool = True
    raw: bool = False


class Raw(NamedTuple):
    """
    What the networks computed, unaltered, at network size, float32.

    ``disparity`` (h, w) sigmoid output or None without a depth network; ``illumination`` (h, w)
    or (3, h, w) clamped stage-1 map, as far as it was applied; ``enhanced`` (h, w, 3) RGB in
    [0, 1].
    """

    disparity: NDArray[np.float32] | None
    illumination: NDArray[np.float32]
    enhanced: NDArray[np.float32]


class Prediction(NamedTuple):
    """
    Results for one image, at the output size (H, W); None where not wanted.

    ``enhanced`` (H, W, 3) uint8 RGB; ``depth`` (H, W) float32 along the optical axis, in the
    relative unit of the network unless a scale is applied; ``confidence`` (H, W) float32, 0 to 1.
    """

    enhanced: NDArray[np.uint8] | None
    depth: NDArray[np.float32] | None
    confidence: NDArray[np.float32] | None
    raw: Raw | None
