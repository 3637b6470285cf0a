"""
Traffic lights before crossings and where people cross: masts, and what shines from them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steps_ros.sim.crossing import Crossing
from steps_ros.sim.instances import place_number
from steps_ros.sim.lamps import lamp, Lamps
from steps_ros.sim.mesh import box, Colour, join, Kind, Mesh
from steps_ros.sim.places import Place
from steps_ros.sim.shapes import disc, limb, Skin

_BLACK: Colour = (0.02, 0.02, 0.02)
_STEEL: Colour = (0.15, 0.16, 0.16)
# From top to bottom, and how often each is lit.
_TINTS: tuple[Colour, ...] = ((1.0, 0.03, 0.02), (1.0, 0.5, 0.02), (0.08, 1.0, 0.55))
_SHARES = (0.5, 0.1, 0.4)
_RADIUS, _CANDELA, _RADIANCE = 0.1, 120.0, 3.0e3


def draw_signals(
    place: Place, length: float, crossings: Sequence[Crossing], generator: np.random.Generator
) -> tuple[list[Mesh], list[Lamps]]:
    """Return traffic lights that face the camera, in road coordinates, or none."""
    is_signalled = generator.random() < 0.6
    if not place.is_paved or not is_signalled:
        return [], []
    places = [item.along - item.half - item.pavement - 1.5 for item in crossings]
    places += list(np.cumsum(generator.uniform(30.0, 200.0, 2)))
    parts: list[Mesh] = []
    lights: list[Lamps] = []
    for along in places:
        if not 0 < along < length:
            continue
        lit = int(generator.choice(len(_TINTS), p=_SHARES))
        for side in (-1, 1):
            reach = float(generator.uniform(0.0, 4.0)) * bool(generator.random() < 0.4)
            post = side * (place.road.kerb(side) + 0.4)
            mast, glow = _mast(float(along), (post, post - side * reach), lit)
            parts.append(mast.of_object(place_number(float(along), side)))
            lights.append(glow)
    return parts, lights


def _mast(along: float, reach: tuple[float, float], lit: int) -> tuple[Mesh, Lamps]:
    """Return a mast from its foot to the lights at its end, as metres left, and their light."""
    foot, left = reach
    top = 3.3 if foot == left else 5.6
    low, high = (along, left - 0.16, top - 0.9), (along + 0.2, left + 0.16, top)
    head = (along + 0.3, foot, top)
    parts = [limb(((along + 0.3, foot, 0.0), head), (0.07, 0.06), _STEEL), box(low, high, _BLACK)]
    if foot != left:
        parts.append(limb((head, (along + 0.3, left, top)), (0.05, 0.04), _STEEL))
    for number, tint in enumerate(_TINTS):
        level = _RADIANCE if number == lit else 0.03
        glow = (level * tint[0], level * tint[1], level * tint[2])
        skin = Skin(glow, Kind.LAMP if number == lit else Kind.GLASS)
        at = (along - 0.01, left, top - 0.17 - 0.28 * number)
        parts.append(disc(at, _RADIUS, 0, (skin,)))
    tint = _TINTS[lit]
    light = (_CANDELA * tint[0], _CANDELA * tint[1], _CANDELA * tint[2])
    shining = (along - 0.05, left, top - 0.17 - 0.28 * lit)
    return join(parts), lamp(shining, light, (-1.0, 0.0, -0.1), reach=25.0)
