"""
What one picture says of the light: its level, clipped shares, glare, and how its parts look.

Everything is read from a thinned picture, so that a frame costs a fraction of a millisecond.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Pixels across after thinning, and across the map on which glare is looked for.
THINNED, COARSE = 200, 80
# Rows and columns of the cells by which blockage is judged, and parts a side of each.
CELLS, PARTS = (12, 16), 4
BLACK, WHITE = 2, 253
SHARES = (0.5, 0.9)
# A brighter middle grey is that of a day, where white is a wall or a cloud and no lamp.
BRIGHT_MIDDLE = 85.0
# A halo is at least this far from the middle grey to white, and ends so many coarse pixels from
# its lamp.
HALO_RISE, HALO_REACH = 0.3, 6
# What touches the upper edge of the picture over more of its width is sky.
SKY_WIDTH = 0.25
RING = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
WHOLE_CELL = np.ones((PARTS, PARTS), np.uint8)
REACH = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * HALO_REACH + 1,) * 2)


class LightSample(NamedTuple):
    """
    The light of one picture.

    ``level`` 0 to 255, geometric mean of the 50th and the 90th percentile of luminance outside
    glare; ``under`` and ``over`` shares of pixels of luminance 0 to 2 and 253 to 255; ``glare``
    share of the picture covered by dazzling lamps and their halos; ``means`` (12, 16) mean
    luminance of each cell; ``detail`` (12, 16) range of the means of a cell's sixteen parts.
    """

    level: float
    under: float
    over: float
    glare: float
    means: Floats
    detail: Floats


def measure_light(image: Bytes) -> LightSample:
    """
    Measure one picture.

    :param image: (H, W, 3) uint8 RGB, any size.
    """
    grey = _thinned_grey(image)
    counts = _histogram(grey)
    coarse = cv2.resize(grey, _coarse_size(grey), interpolation=cv2.INTER_AREA)
    dazzled = glare_mask(grey)
    rest = ~dazzled
    means, detail = _cells(grey)
    return LightSample(
        level=_level(_histogram(coarse[rest]) if rest.any() else counts),
        under=float(counts[: BLACK + 1].sum() / grey.size),
        over=float(counts[WHITE:].sum() / grey.size),
        glare=float(dazzled.mean()),
        means=means,
        detail=detail,
    )


def glare_mask(grey: Bytes) -> Mask:
    """
    Return where lamps dazzle: saturated blobs that a halo surrounds, and the halo.

    A bright sign ends at its edge; light that strays in the lens does not. Sky is left out.

    :param grey: (H, W) luminance.
    :returns: 80 wide, of the same shape.
    """
    size = _coarse_size(grey)
    coarse = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    white = cv2.threshold(grey, WHITE - 1, 255, cv2.THRESH_BINARY)[1]
    white = cv2.resize(white, size, interpolation=cv2.INTER_AREA)
    middle = _quantile(_histogram(coarse), 0.5)
    if middle > BRIGHT_MIDDLE or white.max() < 128:
        return np.zeros(coarse.shape, np.bool_)
    count, labels = cv2.connectedComponents((white >= 128).view(np.uint8), ltype=cv2.CV_16U)
    halo = coarse >= middle + HALO_RISE * (255 - middle)
    grown = cv2.dilate(labels, RING)
    ring = (labels == 0) & (grown > 0)
    around = np.bincount(grown[ring], minlength=count)
    lit = np.bincount(grown[ring & halo], minlength=count)
    at_top = np.bincount(labels[0], minlength=count)
    glares = (2 * lit >= around) & (around > 0) & (at_top <= SKY_WIDTH * size[0])
    glares[0] = False
    lamps = glares[labels]
    near = cv2.dilate(lamps.view(np.uint8), REACH) > 0
    return np.asarray(lamps | (near & halo), np.bool_)


def _thinned_grey(image: Bytes) -> Bytes:
    step = max(1, image.shape[1] // THINNED)
    size = -(-image.shape[1] // step), -(-image.shape[0] // step)
    # Single pixels, not means of several: a mean would dim what is clipped.
    thinned = cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.cvtColor(thinned, cv2.COLOR_RGB2GRAY), np.uint8)


def _coarse_size(grey: Bytes) -> tuple[int, int]:
    return COARSE, max(1, round(COARSE * grey.shape[0] / grey.shape[1]))


def _histogram(grey: Bytes) -> Floats:
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256])
    return np.asarray(counts, np.float32).reshape(-1)


def _level(counts: Floats) -> float:
    middle, high = (max(_quantile(counts, share), 1.0) for share in SHARES)
    return float(np.sqrt(middle * high))


def _quantile(counts: Floats, share: float) -> float:
    below = counts.cumsum()
    return float(np.searchsorted(below, share * below[-1]))


def _cells(grey: Bytes) -> tuple[Floats, Floats]:
    rows, columns = CELLS
    parts = cv2.resize(grey, (columns * PARTS, rows * PARTS), interpolation=cv2.INTER_AREA)
    means = cv2.resize(parts.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    # Each filter looks from a part to the right and down: at every fourth, over one cell.
    most, least = (
        filtered(parts, WHOLE_CELL, anchor=(0, 0))[::PARTS, ::PARTS]
        for filtered in (cv2.dilate, cv2.erode)
    )
    return np.asarray(means, np.float32), np.asarray(most - least, np.float32)
