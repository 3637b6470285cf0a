"""
Clouds seen from above, with what is wrong in them in colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Metres to each side and ahead; pixels a metre.
ASIDE, AHEAD, SCALE = 15.0, 40.0, 11
GROUND, RAISED = (205, 210, 215), (70, 80, 90)
FLYING, FALSE_OBSTACLE = (230, 120, 0), (200, 20, 20)
LOWEST_RAISED = 0.3


class Panel(NamedTuple):
    """
    One cloud: metres to the right, ahead and above the road, NaN for no point, and its faults.

    All arrays have the shape of the picture.
    """

    title: str
    right: Floats
    ahead: Floats
    above: Floats
    flying: Mask
    false_obstacle: Mask


def from_above(panels: Sequence[Panel]) -> NDArray[np.uint8]:
    """
    Draw the clouds side by side, the camera in the middle of the lower edge, a line every 10 m.

    Ground is light, what stands is dark, false obstacles are red, flying points orange.
    """
    return np.hstack([_drawn(panel) for panel in panels])


def _drawn(panel: Panel) -> NDArray[np.uint8]:
    height, width = round(AHEAD * SCALE), round(2 * ASIDE * SCALE)
    canvas = np.full((height, width, 3), 255, np.uint8)
    for metres in range(10, round(AHEAD), 10):
        canvas[height - metres * SCALE] = (190, 215, 240)
    raised = panel.above > LOWEST_RAISED
    every = np.ones_like(raised)
    for mask, colour in (
        (every, GROUND),
        (raised, RAISED),
        (panel.false_obstacle, FALSE_OBSTACLE),
        (panel.flying, FLYING),
    ):
        _dots(canvas, panel.right[mask], panel.ahead[mask], colour)
    canvas[:, -1] = 255
    size = 0.45
    cv2.putText(canvas, panel.title, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, 16)
    return canvas


def _dots(
    canvas: NDArray[np.uint8], right: Floats, ahead: Floats, colour: tuple[int, int, int]
) -> None:
    seen = (np.abs(right) < ASIDE) & (ahead > 0) & (ahead < AHEAD)
    columns = ((right[seen] + ASIDE) * SCALE).astype(int)
    rows = canvas.shape[0] - 1 - (ahead[seen] * SCALE).astype(int)
    for down in (0, 1):
        for across in (0, 1):
            row = np.minimum(rows + down, canvas.shape[0] - 1)
            canvas[row, np.minimum(columns + across, canvas.shape[1] - 1)] = colour
