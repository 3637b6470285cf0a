"""
What a prediction is made of, apart from the networks, so that a node can name it without torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera


class Outputs(NamedTuple):
    """Which fields of a :class:`Prediction` are wanted; the others are not computed."""

    enhanced: bool = True
    depth: bool = True
    confidence: bool = True
    raw: bool = False


class Raw(NamedTuple):
    """
    What the networks computed, unaltered, at network size, float32.

    ``disparity`` (h, w) sigmoid output, or what another model says, in its own terms and size;
    None without a depth network; ``illumination`` (h, w) or (3, h, w) clamped stage-1 map, as far
    as it was applied; ``enhanced`` (h, w, 3) RGB in [0, 1].
    """

    disparity: NDArray[np.float32] | None
    illumination: NDArray[np.float32]
    enhanced: NDArray[np.float32]


class Prediction(NamedTuple):
    """
    Results for one image, at the output size (H, W); None where not wanted.

    ``enhanced`` (H, W, 3) uint8 RGB; ``depth`` (H, W) float32 along the optical axis, in the
    relative unit of the network unless a scale is applied; ``confidence`` (H, W) float32, 0 to 1.
    ``network_s`` is how many seconds the networks took at their own size, for all images that
    were predicted together; the rest of the time goes into resizing.
    """

    enhanced: NDArray[np.uint8] | None
    depth: NDArray[np.float32] | None
    confidence: NDArray[np.float32] | None
    raw: Raw | None
    network_s: float = 0.0


class Request(NamedTuple):
    """
    One image to predict for.

    ``image`` is (H, W, 3) uint8 RGB of any size; ``output_size`` (height, width) of the results,
    the image's own where None. ``camera`` took the image and has its size, for networks that see
    rays; they take :meth:`steps_ros.core.camera.Camera.assumed` where it is None. ``enhancement``
    0 leaves the enhancer out, 1 applies it in full; between the two its gain grows by equal
    ratios, so that no frame of a slow change stands out.
    """

    image: NDArray[np.uint8]
    outputs: Outputs = Outputs()
    output_size: tuple[int, int] | None = None
    camera: Camera | None = None
    enhancement: float = 1.0
