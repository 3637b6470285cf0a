"""
The shapes of vehicles: rings of points from the tail to the nose, with windows between them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from steps_ros.sim.mesh import Colour, Floats, Kind, Mesh
from steps_ros.sim.shapes import hull, Skin

GLASS: Colour = (0.03, 0.03, 0.035)
_TRIM: Colour = (0.04, 0.04, 0.04)
_PAINTED, _SIDES, _TOP, _ALL = 0, 1, 2, 3
# Across a ring of twelve points lie eleven fields; the lowest on each side are trim.
_SIDE_FIELDS, _TOP_FIELDS = (3, 7), (5,)


class Ring(NamedTuple):
    """
    One cross-section, in shares of the half length, half width and height.

    ``low`` is the lower edge, ``belt`` where windows begin, ``roof`` the top; ``glass`` says what
    is glazed from here to the next ring, ``tumble`` how far the top draws in on each side.
    """

    at: float
    width: float
    low: float
    belt: float
    roof: float
    glass: int = _PAINTED
    tumble: float = 0.2


SALOON = (
    Ring(-1.0, 0.84, 0.30, 0.55, 0.57, tumble=0.1),
    Ring(-0.97, 0.94, 0.20, 0.66, 0.68, tumble=0.1),
    Ring(-0.70, 1.0, 0.17, 0.68, 0.70, _TOP, 0.14),
    Ring(-0.40, 1.0, 0.17, 0.66, 0.96),
    Ring(-0.35, 1.0, 0.17, 0.66, 0.97, _SIDES),
    Ring(-0.03, 1.0, 0.17, 0.65, 1.0),
    Ring(0.01, 1.0, 0.17, 0.65, 1.0, _SIDES),
    Ring(0.14, 1.0, 0.17, 0.65, 0.98, _ALL),
    Ring(0.46, 1.0, 0.17, 0.65, 0.68, tumble=0.12),
    Ring(0.88, 0.97, 0.17, 0.57, 0.60, tumble=0.12),
    Ring(0.97, 0.93, 0.19, 0.53, 0.55, tumble=0.12),
    Ring(1.0, 0.86, 0.22, 0.46, 0.48, tumble=0.1),
)
HATCHBACK = (
    Ring(-1.0, 0.86, 0.28, 0.52, 0.54, tumble=0.1),
    Ring(-0.97, 0.95, 0.20, 0.62, 0.64, _TOP, 0.12),
    Ring(-0.78, 1.0, 0.17, 0.64, 0.95),
    Ring(-0.68, 1.0, 0.17, 0.64, 0.97, _SIDES),
    Ring(-0.10, 1.0, 0.17, 0.63, 1.0),
    Ring(-0.05, 1.0, 0.17, 0.63, 1.0, _SIDES),
    Ring(0.18, 1.0, 0.17, 0.62, 0.97, _ALL),
    Ring(0.56, 1.0, 0.17, 0.62, 0.65, tumble=0.12),
    Ring(0.92, 0.97, 0.17, 0.56, 0.59, tumble=0.12),
    Ring(1.0, 0.86, 0.22, 0.47, 0.49, tumble=0.1),
)
ESTATE = (
    Ring(-1.0, 0.88, 0.26, 0.55, 0.57, _TOP, 0.08),
    Ring(-0.90, 0.98, 0.20, 0.62, 0.93, tumble=0.16),
    Ring(-0.84, 1.0, 0.17, 0.63, 0.96, _SIDES, 0.17),
    Ring(-0.46, 1.0, 0.17, 0.63, 0.99, tumble=0.18),
    Ring(-0.42, 1.0, 0.17, 0.63, 0.99, _SIDES, 0.18),
    Ring(-0.06, 1.0, 0.17, 0.63, 1.0, tumble=0.18),
    Ring(-0.02, 1.0, 0.17, 0.63, 1.0, _SIDES, 0.18),
    Ring(0.16, 1.0, 0.17, 0.63, 0.98, _ALL, 0.18),
    Ring(0.48, 1.0, 0.17, 0.63, 0.66, tumble=0.12),
    Ring(0.93, 0.97, 0.17, 0.57, 0.59, tumble=0.12),
    Ring(1.0, 0.86, 0.22, 0.47, 0.49, tumble=0.1),
)
VAN = (
    Ring(-1.0, 0.94, 0.18, 0.50, 0.93, tumble=0.10),
    Ring(-0.97, 1.0, 0.15, 0.50, 0.98, tumble=0.10),
    Ring(0.12, 1.0, 0.15, 0.50, 1.0, _SIDES, 0.10),
    Ring(0.38, 1.0, 0.15, 0.50, 0.97, _ALL, 0.10),
    Ring(0.70, 0.99, 0.15, 0.49, 0.52, tumble=0.10),
    Ring(0.95, 0.94, 0.15, 0.40, 0.43, tumble=0.10),
    Ring(1.0, 0.86, 0.20, 0.32, 0.34, tumble=0.08),
)
CAB = (
    Ring(-1.0, 1.0, 0.16, 0.52, 0.98, tumble=0.05),
    Ring(-0.2, 1.0, 0.16, 0.52, 1.0, _SIDES, 0.05),
    Ring(0.55, 1.0, 0.16, 0.50, 0.97, _ALL, 0.06),
    Ring(0.92, 0.97, 0.14, 0.46, 0.50, tumble=0.04),
    Ring(1.0, 0.92, 0.14, 0.42, 0.44, tumble=0.04),
)
BUS = (
    Ring(-1.0, 0.95, 0.14, 0.45, 0.50, _TOP, 0.05),
    Ring(-0.985, 1.0, 0.12, 0.42, 0.97, tumble=0.05),
    *(
        Ring(at, 1.0, 0.12, 0.40, 1.0, glass, 0.05)
        for start in np.linspace(-0.95, 0.66, 8)
        for at, glass in ((float(start), _SIDES), (float(start) + 0.205, _PAINTED))
    ),
    Ring(0.90, 1.0, 0.12, 0.38, 0.98, _ALL, 0.05),
    Ring(0.975, 0.99, 0.12, 0.36, 0.98, _TOP, 0.05),
    Ring(1.0, 0.95, 0.12, 0.34, 0.38, tumble=0.05),
)


def shell(
    rings: tuple[Ring, ...],
    size: tuple[float, float, float],
    paint: Colour,
    kind: Kind = Kind.PAINT,
) -> Mesh:
    """Return the hull of a vehicle of a length, width and height in metres, in paint of a kind."""
    length, width, height = size
    points = np.stack([_points(ring, length / 2, width / 2, height) for ring in rings])
    choice = np.zeros((len(rings) - 1, points.shape[1] - 1), np.int32)
    choice[:, (0, -1)] = 2
    for number, ring in enumerate(rings[:-1]):
        if ring.glass & _SIDES:
            choice[number, _SIDE_FIELDS] = 1
        if ring.glass & _TOP:
            choice[number, _TOP_FIELDS] = 1
    skins = (Skin(paint, kind), Skin(GLASS, Kind.GLASS), Skin(_TRIM, Kind.PLAIN))
    return hull(points, skins, choice)


def _points(ring: Ring, length: float, width: float, height: float) -> Floats:
    """Return the twelve points of a ring from the lower right edge to the lower left one."""
    half = ring.width * width
    low, belt, roof = ring.low * height, ring.belt * height, ring.roof * height
    inner = half * (1 - ring.tumble)
    side = [
        (0.93 * half, low),
        (half, low + 0.25 * (belt - low)),
        (half, low + 0.7 * (belt - low)),
        (0.96 * half, belt),
        (inner + 0.3 * (0.96 * half - inner), roof - 0.2 * (roof - belt)),
        (inner - 0.05 * half, roof),
    ]
    around = [(-y, z) for y, z in side] + side[::-1]
    return np.array([(ring.at * length, y, z) for y, z in around], np.float32)
