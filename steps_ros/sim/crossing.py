"""
Side roads that cross the road on its level, with pavements, houses and lamps along their arms.

An arm is straight and at right angles to the road. All is built in the road's coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from steps_ros.sim.instances import place_number
from steps_ros.sim.lamps import join_lamps, lamp, Lamps
from steps_ros.sim.mesh import box, Colour, cylinder, Kind, Mesh, strip
from steps_ros.sim.road import Road

# The ground beside a road reaches as far.
ARM_LENGTH = 250.0
_PAVEMENT_TOP = 0.15
_LAMP_HEIGHT = 6.0
_LAMP_PLACES = (9.0, 38.0)
_BUILT_UNTIL = 110.0


@dataclass(frozen=True)
class Crossing:
    """``along`` is its middle, ``half`` its carriageway's half width, ``pavement`` in metres."""

    along: float
    half: float
    pavement: float

    @property
    def mouth(self) -> tuple[float, float]:
        """Return where the side road's carriageway begins and ends along the road."""
        return self.along - self.half, self.along + self.half

    def holds(self, along: float, margin: float = 0.5) -> bool:
        """Say whether a place along the road is within the side road, pavements included."""
        return abs(along - self.along) < self.half + self.pavement + margin

    def is_built_on(self, parts: Sequence[Mesh]) -> bool:
        """Say whether an object in road coordinates stands in the way."""
        reach = self.half + self.pavement + 0.5
        low = min(float(part.vertices[:, 0].min()) for part in parts)
        high = max(float(part.vertices[:, 0].max()) for part in parts)
        return low < self.along + reach and high > self.along - reach


def draw_crossings(
    road: Road, driven: float, generator: np.random.Generator
) -> tuple[Crossing, ...]:
    """
    Draw the crossings of a drive of ``driven`` metres: one soon, others every 90 to 220 metres.

    A side road meets the road where that is nearly straight.
    """
    crossings = []
    nearest = 38.0
    while nearest < driven + 60.0:
        places = nearest + np.linspace(0.0, 30.0, 7)
        straight = places[np.abs(road.curvature(places)).argmin()]
        half = road.lane_width * generator.uniform(0.95, 1.15)
        along = float(straight + generator.uniform(0.0, 4.0))
        crossings.append(Crossing(along, float(half), float(generator.uniform(1.5, 2.5))))
        nearest = along + generator.uniform(90.0, 190.0)
    return tuple(crossings)


def draw_arms(
    road: Road, crossing: Crossing, asphalt: Colour, generator: np.random.Generator
) -> tuple[list[Mesh], Lamps]:
    """Return both arms of a side road with what lines them, and their lamps."""
    parts: list[Mesh] = []
    lamps = []
    for side in (-1, 1):
        parts.append(_carriageway(road, crossing, side, asphalt))
        stone = float(generator.uniform(0.12, 0.35))
        for end in (-1, 1):
            parts.append(_pavement(road, crossing, (side, end), stone))
            parts += _houses(road, crossing, (side, end), generator)
        posts, glow = _posts(road, crossing, side, generator)
        parts += posts
        lamps += glow
    return parts, join_lamps(lamps)


def _carriageway(road: Road, crossing: Crossing, side: int, asphalt: Colour) -> Mesh:
    near = road.kerb(side) + 0.2
    section = sorted((side * left, 0.0) for left in (near, near + 30.0, near + ARM_LENGTH))
    along = np.linspace(*crossing.mouth, 5, dtype=np.float32)
    arm = strip(along, section, asphalt, Kind.ROAD)
    # Its markings run along the arm.
    pattern = arm.vertices[:, [1, 0, 2]] - np.array([0, crossing.along, 0], np.float32)
    return replace(arm, texture=pattern)


def _pavement(road: Road, crossing: Crossing, corner: tuple[int, int], stone: float) -> Mesh:
    side, end = corner
    inner = crossing.along + end * crossing.half
    low, high = sorted((inner, inner + end * crossing.pavement))
    near, far = sorted((side * road.kerb(side), side * (road.outer_edge(side) + ARM_LENGTH)))
    colour = (stone, stone * 0.97, stone * 0.9)
    return box((low, near, -0.05), (high, far, _PAVEMENT_TOP), colour, Kind.PAVEMENT)


def _houses(
    road: Road, crossing: Crossing, corner: tuple[int, int], generator: np.random.Generator
) -> list[Mesh]:
    """Return the row of houses behind one corner house, or none."""
    side, end = corner
    if generator.random() < 0.3:
        return []
    front = crossing.along + end * (crossing.half + crossing.pavement + generator.uniform(0.2, 3))
    left = road.outer_edge(side) + road.setback(side) + 19.0
    houses = []
    while left < _BUILT_UNTIL:
        width, depth = generator.uniform(8.0, 18.0), generator.uniform(8.0, 14.0)
        shade = generator.uniform(0.08, 0.6)
        tint = 1 - generator.uniform(0.0, 0.5) * np.array([0.0, 0.5, 1.0])
        colour = (float(shade * tint[0]), float(shade * tint[1]), float(shade * tint[2]))
        low, high = sorted((front, front + end * depth))
        near, far = sorted((side * left, side * (left + width)))
        top = generator.uniform(5.0, 15.0)
        houses.append(box((low, near, 0.0), (high, far, top), colour, Kind.WALL))
        left += width + generator.exponential(2.0)
    return houses


def _posts(
    road: Road, crossing: Crossing, side: int, generator: np.random.Generator
) -> tuple[list[Mesh], list[Lamps]]:
    """Return the lamp posts of one arm; one in ten is dark."""
    candela = _LAMP_HEIGHT**2 * generator.uniform(8.0, 40.0)
    tint = (1.0, float(generator.uniform(0.55, 0.95)), float(generator.uniform(0.15, 0.9)))
    end = 1 if generator.random() < 0.5 else -1
    parts: list[Mesh] = []
    lamps = []
    for distance in _LAMP_PLACES:
        left = side * (road.kerb(side) + distance)
        along = crossing.along + end * (crossing.half + 0.4)
        is_on = generator.random() < 0.9
        post = _post((along, left), -end * 1.2, tint if is_on else None)
        parts += [part.of_object(place_number(distance, side)) for part in post]
        if is_on:
            level = (candela * tint[0], candela * tint[1], candela * tint[2])
            place = (along - end * 1.2, left, _LAMP_HEIGHT - 0.2)
            lamps.append(lamp(place, level, reach=4.0 * _LAMP_HEIGHT + 5))
    return parts, lamps


def _post(foot: tuple[float, float], arm: float, tint: Colour | None) -> list[Mesh]:
    """Return a pole, its arm along the road, and a head that glows in its tint."""
    along, left = foot
    grey = (0.2, 0.2, 0.2)
    top = _LAMP_HEIGHT
    low, high = sorted((along, along + arm))
    glow = (4.0e4 * tint[0], 4.0e4 * tint[1], 4.0e4 * tint[2]) if tint else (0.5, 0.5, 0.5)
    return [
        cylinder((along, left, top / 2), 0.08, top, 2, grey, 6),
        box((low, left - 0.04, top - 0.08), (high, left + 0.04, top), grey),
        box(
            (along + arm - 0.3, left - 0.12, top - 0.16),
            (along + arm + 0.3, left + 0.12, top - 0.08),
            glow,
            Kind.LAMP if tint else Kind.PLAIN,
        ),
    ]
