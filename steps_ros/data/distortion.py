"""
Lens distortion as OpenCV takes it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError

Doubles = NDArray[np.float64]

FISHEYE_MODELS = ('equidistant', 'fisheye', 'kannala_brandt4')
POLYNOMIAL_MODELS = ('plumb_bob', 'rational_polynomial')
# Lengths of distortion vectors that OpenCV takes.
_LENGTHS = (4, 5, 8, 12, 14)


def is_fisheye(camera: Camera) -> bool:
    """Say whether the lens is described by angles, as wide ones are."""
    return camera.distortion_model in FISHEYE_MODELS and bool(camera.distortion)


def is_bent(camera: Camera) -> bool:
    """Say whether the lens bends rays; a fisheye does so with all its coefficients at 0."""
    return is_fisheye(camera) or any(camera.distortion)


def coefficients(camera: Camera) -> Doubles:
    """
    Return the coefficients, filled up with zeros to a length that OpenCV takes.

    :raises FrameError: a distortion model that is not known.
    """
    given, model = camera.distortion, camera.distortion_model
    if model in FISHEYE_MODELS:
        return np.array((*given, 0, 0, 0, 0)[:4], np.float64)
    length = next((length for length in _LENGTHS if length >= len(given)), 0)
    if model not in POLYNOMIAL_MODELS or not length:
        raise FrameError(
            f'distortion model {model!r} with {len(given)} coefficients is not known; rectify the '
            'images with image_proc'
        )
    return np.array((*given, *(0,) * (length - len(given))), np.float64)
