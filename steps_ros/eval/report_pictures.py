"""
The pictures of a report: a frame, its depth, its reference and where the two differ.

Depth has one colour scale in all reports, even in log depth from ``NEAREST`` to ``FARTHEST``, so
that frames and reports can be compared by eye.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.data.frames import Image
from steps_ros.eval.metrics import is_predicted, MIN_DEPTH
from steps_ros.eval.report import Picture, Rank, Shown
from steps_ros.eval.samples import Floats, Reference
from steps_ros.eval.sampling import nearest_depth
from steps_ros.inference.colour import colour_depth

WIDTH = 480
NEAREST, FARTHEST = 2.0, 80.0
# A prediction of this many times the reference, or its inverse, has the last colour.
LARGEST_RATIO = 2.0
NOT_PREDICTED = (20, 20, 20)
# From too near to too far, through right; readable to the colour-blind.
ERROR_COLOURS = ((5, 48, 97), (67, 147, 195), (247, 247, 247), (214, 96, 77), (103, 0, 31))
# A reference with more than this share of the pixels is drawn as a surface, not as points.
DENSE_SHARE = 0.2
OVERLAY_OPACITY = 0.75
DISC_RADII = (1.0, 2.5)
DIMMED_LEVELS = (70, 150)
_BITS = 4


def shown_frame(
    rank: Rank,
    frame: int,
    image: Image | None,
    enhanced: Image | None,
    prediction: Floats,
    reference: Reference,
    max_depth: float,
) -> Shown:
    """
    Return one frame as pictures of one size, ``WIDTH`` wide.

    :param frame: index in ``Report.frames``.
    :param image: (H, W, 3) uint8 RGB of any size, as ``enhanced``; None where there is none.
    :param prediction: (h, w) metres, aligned with the reference; NaN unknown, +inf far.
    :param max_depth: the cap; what is predicted beyond counts as it.
    """
    size = (max(1, round(reference.size[0] * WIDTH / reference.size[1])), WIDTH)
    picture = None if image is None else _fit(image, size)
    return Shown(
        rank,
        frame,
        picture,
        None if enhanced is None else _fit(enhanced, size),
        _fit_nearest(paint_depth(prediction), size),
        reference_overlay(reference, picture, size),
        error_map(prediction, reference, max_depth, picture, size),
    )


def paint_depth(depth: Floats) -> Picture:
    """
    Paint near red and far blue, evenly in log depth.

    :param depth: metres, any shape (H, W); NaN becomes grey, +inf pale.
    """
    with np.errstate(divide='ignore', invalid='ignore'):
        far_share = np.log(depth / NEAREST) / np.log(FARTHEST / NEAREST)
    # ``colour_depth`` is even in inverse depth: of 1 / (2 - share) in the share itself.
    inverse = 2 - np.clip(far_share, 0, 1)
    scaled = np.where(np.isposinf(depth), np.inf, 1 / inverse).astype(np.float32)
    return colour_depth(scaled, 0.5, 1.0)


def paint_error(log_ratio: Floats) -> Picture:
    """
    Paint too near blue, right white and too far red.

    :param log_ratio: ln(prediction / reference), (H, W); NaN is not predicted.
    """
    position = np.clip(log_ratio / np.log(LARGEST_RATIO), -1, 1)
    stops = np.linspace(-1, 1, len(ERROR_COLOURS))
    channels = [
        np.interp(position, stops, [colour[channel] for colour in ERROR_COLOURS])
        for channel in range(3)
    ]
    painted = np.stack(channels, -1)
    painted[np.isnan(log_ratio)] = NOT_PREDICTED
    return np.asarray(painted.round(), np.uint8)


def reference_overlay(
    reference: Reference, picture: Picture | None, size: tuple[int, int]
) -> Picture:
    """
    Draw measured depth over the picture: a dense one blended with it, a sparse one as discs.

    :param picture: (h, w, 3) of ``size``, None for a grey ground.
    """
    ground = _dimmed(None, size) if picture is None else picture
    colours = paint_depth(reference.depth[None])[0]
    # Far points first, so that the nearest is seen.
    return _draw(reference, colours, np.argsort(-reference.depth), ground, OVERLAY_OPACITY)


def error_map(
    prediction: Floats,
    reference: Reference,
    max_depth: float,
    picture: Picture | None,
    size: tuple[int, int],
) -> Picture:
    """
    Draw ln(prediction / reference) where there is a reference, over the picture in dim grey.

    :returns: (h, w, 3) of ``size``.
    """
    predicted = nearest_depth(prediction, reference)
    predicted = np.where(is_predicted(predicted), predicted, np.nan)
    log_ratio = np.log(np.clip(predicted, MIN_DEPTH, max_depth) / reference.depth)
    # Small errors first, so that none hides a large one; what is not predicted last.
    order = np.argsort(np.nan_to_num(np.abs(log_ratio), nan=np.inf))
    ground = _dimmed(picture, size)
    return _draw(reference, paint_error(log_ratio[None])[0], order, ground, 1.0)


def _draw(
    reference: Reference,
    colours: Picture,
    order: NDArray[np.intp],
    ground: Picture,
    opacity: float,
) -> Picture:
    """Draw N colours (N, 3) at their places, in this order, over a ground (h, w, 3)."""
    pixels = reference.size[0] * reference.size[1]
    if len(colours) > DENSE_SHARE * pixels:
        return _blended(reference, colours[order], order, ground, opacity)
    drawn: Picture = ground.copy()
    area = drawn.shape[0] * drawn.shape[1] / max(len(colours), 1)
    radius = float(np.clip(np.sqrt(area) / 3, *DISC_RADII))
    scale = drawn.shape[1] / reference.size[1]
    # cv2 takes positions as integers with this many bits after the point.
    x = ((reference.columns + 0.5) * scale - 0.5) * (1 << _BITS)
    y = ((reference.rows + 0.5) * scale - 0.5) * (1 << _BITS)
    places = np.stack([x, y], 1).round().astype(int).tolist()
    shades = colours.tolist()
    fixed_radius = round(radius * (1 << _BITS))
    for index in order.tolist():
        cv2.circle(drawn, places[index], fixed_radius, shades[index], -1, cv2.LINE_AA, _BITS)
    return drawn


def _blended(
    reference: Reference,
    colours: Picture,
    order: NDArray[np.intp],
    ground: Picture,
    opacity: float,
) -> Picture:
    """Lay a dense reference over the ground; where it has no pixel the ground stays."""
    height, width = reference.size
    rows = np.rint(reference.rows[order]).astype(np.intp).clip(0, height - 1)
    columns = np.rint(reference.columns[order]).astype(np.intp).clip(0, width - 1)
    surface = np.zeros((height, width, 4), np.uint8)
    surface[rows, columns, :3] = colours
    surface[rows, columns, 3] = 1
    fitted = _fit_nearest(surface, ground.shape[:2])
    mixed = opacity * fitted[..., :3] + (1 - opacity) * ground
    return np.where(fitted[..., 3:] > 0, mixed.round(), ground).astype(np.uint8)


def _dimmed(picture: Picture | None, size: tuple[int, int]) -> Picture:
    """Return the picture in a narrow range of greys on which every colour stands out."""
    darkest, brightest = DIMMED_LEVELS
    if picture is None:
        return np.full((*size, 3), (darkest + brightest) // 2, np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    # Night pictures are mostly black: the root shows what is in the dark.
    levels = darkest + (brightest - darkest) * np.sqrt(grey / 255)
    return np.repeat(levels.round().astype(np.uint8)[..., None], 3, axis=2)


def _fit(image: Image, size: tuple[int, int]) -> Picture:
    is_smaller = size[1] < image.shape[1]
    way = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size[::-1], interpolation=way), np.uint8)


def _fit_nearest(painted: Picture, size: tuple[int, ...]) -> Picture:
    way = cv2.INTER_NEAREST
    return np.asarray(cv2.resize(painted, size[::-1], interpolation=way), np.uint8)
