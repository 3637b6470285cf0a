"""
Lines of writing, as signs and vans have them: strokes that look like letters and say nothing.
"""

from __future__ import annotations

import numpy as np

from steps_ros.sim.mesh import Floats, Integers
from steps_ros.sim.pattern import hashed

# Of a letter's height: from letter to letter, and the width of its strokes.
_PITCH, _LETTER, _STROKE = 0.8, 0.62, 0.2
# Left and right stem, then bars above, in the middle and below: how often letters have them.
_STEMS, _BARS = (0.75, 0.45), (0.6, 0.5, 0.6)
_BLANKS, _INKED = 0.17, 0.4


def lettering(across: Floats, up: Floats, number: Integers, footprint: Floats) -> Floats:
    """
    Return how much of each point is ink, 0 to 1, (N,).

    :param across: along the line, in heights of its letters.
    :param up: 0 at the foot of the letters and 1 at their top.
    :param number: another number is another text.
    :param footprint: what a pixel covers, in heights; letters too small to be read are grey.
    """
    cell = np.floor(across / _PITCH)
    x = across - cell * _PITCH
    place = cell.astype(np.int32)

    def has(part: int, share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return hashed(number, place, np.full_like(place, part)) < share

    ink = np.zeros(len(x), bool)
    for part, (share, start) in enumerate(zip(_STEMS, (0.0, _LETTER - _STROKE), strict=True)):
        ink |= has(part, share) & (x >= start) & (x < start + _STROKE)
    for part, (share, start) in enumerate(zip(_BARS, (0.82, 0.42, 0.0), strict=True), 2):
        ink |= has(part, share) & (x < _LETTER) & (up >= start) & (up < start + 0.9 * _STROKE)
    is_line = (up >= 0) & (up < 1) & ~has(9, _BLANKS)
    blur = np.clip(2.5 * footprint - 0.5, 0, 1)
    return np.asarray(is_line * (ink * (1 - blur) + _INKED * blur), np.float32)
