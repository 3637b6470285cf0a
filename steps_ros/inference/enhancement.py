"""
The enhanced picture: every pixel divided by the light on it, at the size of the output.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from steps_ros.core.illumination import enhance, LEAST_ILLUMINATION
from steps_ros.inference.bands import bands
from steps_ros.inference.resize import resize_map
from steps_ros.inference.transfer import Download, upload

COLOURS = 3


def enhanced_picture(
    picture: NDArray[np.uint8], illumination: Tensor, download: Download
) -> NDArray[np.uint8]:
    """
    Divide a picture by the light on it; the map is enlarged, so the picture stays sharp.

    :param picture: (H, W, 3) uint8 RGB.
    :param illumination: (1, 1 or 3, h, w), in [1e-4, 1].
    :param download: from where the map is.
    :returns: (H, W, 3) uint8 RGB, filled when the download is complete.
    """
    if illumination.device.type == 'cpu':
        return _on_host(picture, illumination)
    height, width = picture.shape[:2]
    pixels = upload(picture, illumination.device).permute(2, 0, 1)[None].float().div_(255)
    light = resize_map(illumination, height, width).clamp(LEAST_ILLUMINATION, 1)
    levels = enhance(pixels, light).mul(255).round().byte()
    return download.start(levels[0].permute(1, 2, 0))


def _on_host(picture: NDArray[np.uint8], illumination: Tensor) -> NDArray[np.uint8]:
    """Divide in one pass that stays in 8 bits, a fifth of the time that torch takes."""
    height, width = picture.shape[:2]
    planes = np.ascontiguousarray(illumination.detach()[0].permute(1, 2, 0).numpy())
    light = cv2.resize(planes, (width, height), interpolation=cv2.INTER_LINEAR)
    levels = np.empty((height, width, COLOURS), np.uint8)
    for rows in bands(height):
        here = light[rows]
        if here.ndim == 2:
            here = cv2.cvtColor(here, cv2.COLOR_GRAY2RGB)
        cv2.divide(picture[rows], here, levels[rows], dtype=cv2.CV_8U)
    return levels
