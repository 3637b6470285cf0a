"""
Scaffolds before fronts: poles, planks and rails.
"""

from __future__ import annotations

import numpy as np

from steps_ros.sim.mesh import box, Colour, Mesh

_STEEL: Colour = (0.32, 0.33, 0.34)
_WOOD: Colour = (0.3, 0.22, 0.13)
_BAY, _STOREY, _POLE = 2.2, 2.0, 0.025
# Metres of the inner and the outer poles before the front.
_INNER, _OUTER = 0.3, 1.2


def scaffold(span: tuple[float, float], front: tuple[float, int], height: float) -> list[Mesh]:
    """
    Return a scaffold before a building's front.

    :param span: from where to where along the road, in metres.
    :param front: how far the front is from the centre line, and its side.
    :param height: of the building, in metres.
    """
    near, side = front
    start, end = span
    parts = []
    for out in (_INNER, _OUTER):
        left = side * (near - out)
        for along in np.arange(start + 0.2, end, _BAY):
            low = (float(along) - _POLE, left - _POLE, 0.0)
            parts.append(box(low, (low[0] + 2 * _POLE, left + _POLE, height + 0.8), _STEEL))
    inner, outer = sorted((side * (near - _INNER), side * (near - _OUTER)))
    for up in np.arange(_STOREY, height, _STOREY):
        parts.append(box((start, inner, up), (end, outer, up + 0.05), _WOOD))
        rail = side * (near - _OUTER)
        for above in (0.5, 1.0):
            parts.append(
                box((start, rail - _POLE, up + above), (end, rail + _POLE, up + above + 0.05),
                    _STEEL)
            )  # fmt: skip
    return parts
