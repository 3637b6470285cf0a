"""
Depth errors as STEPS and RNW compute them (steps_spec 7), and the three alignments.

Reference pixels count where they lie strictly inside a range of depths. The prediction is
brought to them, aligned, then clipped to the range: +inf counts as the cap. NaN, and what is not
positive, is no prediction: it is left out of the errors and counted as unpredicted instead.
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
Doubles = NDArray[np.float64]


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


UNKNOWN_ERRORS = DepthErrors(*[math.nan] * len(DepthErrors._fields))


class Fit(NamedTuple):
    """
    How a prediction becomes comparable: 1 / aligned = ``scale`` / predicted + ``shift``.

    Without alignment ``scale`` is 1; ``shift`` is 0 but for the alignment by scale and shift.
    """

    scale: float
    shift: float

    def apply(self, depth: Depth) -> Doubles:
        """Return aligned depth of the same shape; +inf where it came out negative or was inf."""
        with np.errstate(divide='ignore', invalid='ignore'):
            inverse = self.scale / np.asarray(depth, np.float64)
            aligned = 1 / np.maximum(inverse + self.shift, 0)
        return np.asarray(np.where(np.isposinf(depth), np.inf, aligned))


IDENTITY = Fit(1.0, 0.0)


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
    known = is_predicted(guess)
    if not known.any():
        raise FrameError(
            f'no pixel of this frame has both a reference within ({min_depth:g}, {max_depth:g}) m '
            'and a prediction; check the reference and the cap'
        )
    truth, guess = truth[known], guess[known]
    aligned = fit(guess, truth, alignment).apply(guess)
    return error_values(np.clip(aligned, min_depth, max_depth), truth)


def is_predicted(prediction: Depth) -> NDArray[np.bool_]:
    """Say which values are a prediction: positive, +inf among them."""
    with np.errstate(invalid='ignore'):
        return np.asarray(prediction > 0)


def error_terms(prediction: Doubles, reference: Doubles) -> Doubles:
    """
    Return what each pair of depths adds to the means that :func:`errors_of_means` takes.

    :param prediction: (N,) aligned and clipped, positive; so is ``reference``.
    :returns: (N, 9).
    """
    difference = reference - prediction
    ratio = np.maximum(reference / prediction, prediction / reference)
    log_difference = np.log(reference) - np.log(prediction)
    return np.stack(
        [
            np.abs(difference) / reference,
            difference**2 / reference,
            difference**2,
            log_difference**2,
            *(ratio < 1.25**power for power in (1, 2, 3)),
            np.abs(log_difference),
            log_difference,
        ],
        axis=1,
    )


def errors_of_means(means: Doubles) -> DepthErrors:
    """Return the errors for the means (9,) of :func:`error_terms` over some pixels."""
    abs_rel, sq_rel, square, log_square, a1, a2, a3, log_abs, log_mean = (float(x) for x in means)
    variance = max(log_square - log_mean**2, 0.0)
    return DepthErrors(
        abs_rel,
        sq_rel,
        math.sqrt(square),
        math.sqrt(log_square),
        a1,
        a2,
        a3,
        log_abs / math.log(10),
        100 * math.sqrt(variance),
    )


def error_values(prediction: Doubles, reference: Doubles) -> DepthErrors:
    """Return the errors of paired depths (N,), all positive; N is at least 1."""
    return errors_of_means(error_terms(prediction, reference).mean(axis=0))


def mean_errors(errors: Sequence[DepthErrors]) -> DepthErrors:
    """Return the mean over images; there is at least one."""
    return DepthErrors(*np.mean(errors, axis=0).tolist())


def fit(prediction: Depth, reference: Depth, alignment: Alignment) -> Fit:
    """
    Fit a prediction (N,) to its reference (N,), both positive.

    ``median`` multiplies by the ratio of the medians. ``scale_shift`` fits a factor and a shift
    of inverse depth by least squares. Infinite predictions take no part; where nothing is left
    the fit is the identity.
    """
    finite = np.isfinite(prediction)
    if alignment == 'none' or not finite.any():
        return IDENTITY
    guess, truth = np.float64(prediction[finite]), np.float64(reference[finite])
    if alignment == 'median':
        return Fit(float(np.median(guess) / np.median(truth)), 0.0)
    inverse = 1 / guess
    design = np.stack([inverse, np.ones_like(inverse)], 1)
    (scale, shift), *_ = np.linalg.lstsq(design, 1 / truth, rcond=None)
    return Fit(float(scale), float(shift))


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
