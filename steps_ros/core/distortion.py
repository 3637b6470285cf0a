"""
Which lenses bend, and by which coefficients, in the order of OpenCV.
"""

from __future__ import annotations

from steps_ros.core.camera import Camera
from steps_ros.errors import FrameError

FISHEYE_MODELS = ('equidistant', 'fisheye', 'kannala_brandt4')
POLYNOMIAL_MODELS = ('plumb_bob', 'rational_polynomial')
# Numbers of coefficients that OpenCV takes; plumb_bob has 5, rational_polynomial 8.
FISHEYE_COUNTS = (4,)
POLYNOMIAL_COUNTS = (4, 5, 8, 12, 14)


def is_fisheye(camera: Camera) -> bool:
    """Say whether the lens is described by angles, as wide ones are."""
    return camera.distortion_model in FISHEYE_MODELS and bool(camera.distortion)


def is_bent(camera: Camera) -> bool:
    """Say whether the lens bends rays; a fisheye does so with all its coefficients at 0."""
    return is_fisheye(camera) or any(camera.distortion)


def coefficients(camera: Camera) -> tuple[float, ...]:
    """
    Return the coefficients of a lens that bends.

    :raises FrameError: a distortion model that is not known, or that has another number of them.
    """
    model, given = camera.distortion_model, camera.distortion
    if model not in FISHEYE_MODELS + POLYNOMIAL_MODELS:
        raise FrameError(
            f'distortion model {model!r} is not known, only plumb_bob, rational_polynomial and '
            'equidistant are; calibrate with one of them, or rectify the pictures before'
        )
    counts = FISHEYE_COUNTS if model in FISHEYE_MODELS else POLYNOMIAL_COUNTS
    if len(given) not in counts:
        raise FrameError(
            f'distortion model {model!r} with {len(given)} coefficients: it has '
            f'{" or ".join(map(str, counts))}; calibrate the camera again'
        )
    return given
