"""
Depth errors as STEPS and RNW compute them (steps_spec 7).

Reference pixels count where they lie strictly inside a range of depths. The prediction is
resized to the reference by nearest neighbour, aligned, then clipped to the range.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.errors import FrameError

Alignment = Literal['none', 'median', 'scale_shift']
MIN_DEPTH = 1e-5
NIGHT_CAP = 60.0
Depth = NDArray[np.float32] | NDArray[np.float64]


class DepthErrors(NamedTuple):
    """
    Errors over the counted pixels of one image, or their mean over images.

    ``a1`` to ``a3`` are the shares with max(ratio, 1 / ratio) below 1.25, 1.25^2, 1.25^3; an
    exact 1.25 does not count. ``sq_rel`` and ``rmse`` in metres, ``rmse_log`` natural. ``log10``
    is the mean absolute difference of decimal logarithms. ``silog`` is the standard deviation of
    the difference of natural logarithms times 100 (Eigen et al. 2014, eq. 3, with lambda 1, as
    KITTI's depth benchmark has it).
    """

    abs_rel: float
    sq_rel: float
    rmse: float
    rmse_log: float
    a1: float
    a2: float
    a3: float
    log10: float
    silog: float


def depth_errors(
    prediction: Depth,
    reference: Depth,
    alignment: Alignment = 'median',
    max_depth: float = NIGHT_CAP,
    min_depth: float = MIN_DEPTH,
) -> DepthErrors:
    """
    Compare one depth map with its reference.

    :param prediction: (h, w) metres, of any size; +inf counts as ``max_depth``.
    :param reference: (H, W) metres; what is not in (min_depth, max_depth) is not counted.
    :raises FrameError: when no reference pixel counts, or the prediction has none there.
    """
    height, width = reference.shape
    valid = (reference > min_depth) & (reference < max_depth)
    truth = reference[valid].astype(np.float64)
    guess = resize_nearest(prediction, height, width)[valid].astype(np.float64)
    known = ~np.isnan(guess)
    if not known.any():
        raise FrameError(
            f'no pixel of this frame has both a reference within ({min_depth:g}, {max_depth:g}) m '
            'and a prediction; check the reference and the cap'
        )
    truth, guess = truth[known], np.where(np.isposinf(guess[known]), max_depth, guess[known])
    aligned = np.clip(align(guess, truth, alignment), min_depth, max_depth)
    return error_values(aligned, truth)


def error_values(prediction: NDArray[np.float64], reference: NDArray[np.float64]) -> DepthErrors:
    """Return the errors of paired depths (N,), all positive."""
    difference = reference - prediction
    ratio = np.maximum(reference / prediction, prediction / reference)
    log_difference = np.log(reference) - np.log(prediction)
    return DepthErrors(
        float(np.mean(np.abs(difference) / reference)),
        float(np.mean(difference**2 / reference)),
        float(np.sqrt(np.mean(difference**2))),
        float(np.sqrt(np.mean(log_difference**2))),
        *(float(np.mean(ratio < 1.25**power)) for power in (1, 2, 3)),
        float(np.mean(np.abs(log_difference)) / math.log(10)),
        float(100 * np.std(log_difference)),
    )


def mean_errors(errors: Sequence[DepthErrors]) -> DepthErrors:
    """Return the mean over images; there is at least one."""
    return DepthErrors(*np.mean(errors, axis=0).tolist())


def align(
    prediction: NDArray[np.float64], reference: NDArray[np.float64], alignment: Alignment
) -> NDArray[np.float64]:
    """
    Fit a prediction (N,) to its reference (N,).

    ``median`` multiplies by the ratio of the medians. ``scale_shift`` fits a factor and a shift
    of inverse depth by least squares; where that is not positive the depth is +inf.
    """
    if alignment == 'none':
        return prediction
    if alignment == 'median':
        return prediction * (np.median(reference) / np.median(prediction))
    inverse = 1 / prediction
    design = np.stack([inverse, np.ones_like(inverse)], 1)
    (scale, shift), *_ = np.linalg.lstsq(design, 1 / reference, rcond=None)
    fitted = scale * inverse + shift
    return np.asarray(np.where(fitted > 0, 1 / np.maximum(fitted, 1e-12), np.inf))


def resize_nearest(image: Depth, height: int, width: int) -> Depth:
    """Resize (h, w) as OpenCV's INTER_NEAREST does: index floor(i * old / new)."""
    rows = np.arange(height) * image.shape[0] // height
    columns = np.arange(width) * image.shape[1] // width
    resized: Depth = image[rows[:, None], columns[None]]
    return resized


def centre_crop(image: Depth, height: int, width: int) -> Depth:
    """Return the middle of a depth map, as the RobotCar protocol takes 640 x 1152."""
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    if top < 0 or left < 0:
        raise FrameError(
            f'depth of {image.shape[1]}x{image.shape[0]} is smaller than the crop of '
            f'{width}x{height}; use the original reference'
        )
    return image[top : top + height, left : left + width]
