"""
Light of street lamps that comes back once more, from the road and the fronts near them.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import cv2
import numpy as np

from steps_ros.sim.lamps import Lamps
from steps_ros.sim.mesh import Floats

# What road and fronts send on, how far it spreads, and at what height it is down to a half.
_RETURNED, _SPREAD_M, _HALF_HEIGHT_M = 0.16, 9.0, 9.0
_CELL_M, _MARGIN_M = 3.0, 30.0
# Places are looked up in rows of so many, which OpenCV can address.
_RUN = 4096


@dataclass(frozen=True)
class Glow:
    """``lux`` (R, C, 3) of linear RGB over the ground; cell (0, 0) lies at ``corner``, x and y."""

    lux: Floats
    corner: tuple[float, float]

    def at(self, position: Floats, normal: Floats) -> Floats:
        """Return the lux (N, 3) on points (N, 3); most falls on what looks down or aside."""
        rows = 1 + len(position) // _RUN
        places = np.zeros((2, rows * _RUN), np.float32)
        places[:, : len(position)] = (position[:, :2] - self.corner).T / _CELL_M
        across, down = places.reshape(2, rows, _RUN)
        found = cv2.remap(self.lux, across, down, cv2.INTER_LINEAR)
        fallen = np.asarray(found).reshape(-1, 3)[: len(position)]
        height = np.maximum(position[:, 2], 0) / _HALF_HEIGHT_M
        share = (0.7 - 0.3 * normal[:, 2]) / (1 + height * height)
        return np.asarray(fallen * share[:, None], np.float32)


def glow_of(lamps: Lamps) -> Glow | None:
    """Return what comes back of the light of lamps that shine down, None for no lamps."""
    if not len(lamps):
        return None
    corner = lamps.position[:, :2].min(0) - _MARGIN_M
    places = (lamps.position[:, :2] - corner) / _CELL_M
    columns, rows = np.ceil(places.max(0) + _MARGIN_M / _CELL_M).astype(int) + 1
    column, row = np.rint(places).astype(int).T
    flux = np.zeros((rows, columns, 3), np.float32)
    np.add.at(flux, (row, column), math.pi * lamps.intensity)
    spread = cv2.GaussianBlur(flux, (0, 0), _SPREAD_M / _CELL_M)
    lux = _RETURNED / _CELL_M**2 * spread
    return Glow(np.asarray(lux, np.float32), (float(corner[0]), float(corner[1])))
