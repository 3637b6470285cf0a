"""
Kinds of places that a road leads through, and what is usual there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
import math
from typing import NamedTuple

import numpy as np

from steps_ros.sim.road import draw_road, Road

Range = tuple[float, float]


class PlaceKind(Enum):
    """Where a street is."""

    CANYON = 'canyon'
    TOWN = 'town'
    RESIDENTIAL = 'residential'
    MOTORWAY = 'motorway'
    COUNTRY = 'country'
    CAR_PARK = 'car park'
    BRIDGE = 'bridge'
    UNDERPASS = 'underpass'


class Habits(NamedTuple):
    """
    What is usual in one kind of place.

    ``speed`` of free traffic in m/s, ``gap`` in metres between vehicles, ``queues`` how often
    traffic is slow and close, ``heavy`` factor on the share of lorries; ``people`` at most;
    ``frontage`` weights of what lines each side; ``trees``, ``crossings``, ``unlit`` and ``rails``
    how often there are trees, side roads, no street lamps, guard rails; ``lamp_spacing`` and
    ``lamp_height`` in metres.
    """

    share: float
    speed: Range
    gap: Range
    queues: float
    heavy: float
    people: int
    frontage: dict[str, float]
    trees: float
    crossings: float
    unlit: float
    rails: float
    lamp_spacing: Range
    lamp_height: Range


HABITS: dict[PlaceKind, Habits] = {
    PlaceKind.CANYON: Habits(
        0.2, (4.0, 11.0), (8.0, 50.0), 0.4, 1.0, 45, {'row': 0.8, 'towers': 0.2},
        0.4, 0.8, 0.03, 0.0, (16.0, 32.0), (5.0, 9.0),
    ),
    PlaceKind.TOWN: Habits(
        0.22, (5.0, 13.0), (9.0, 90.0), 0.25, 1.0, 25,
        {'row': 0.4, 'houses': 0.2, 'towers': 0.15, 'wall': 0.1, 'hedge': 0.05, 'open': 0.1},
        0.6, 0.8, 0.1, 0.05, (18.0, 45.0), (4.5, 10.0),
    ),
    PlaceKind.RESIDENTIAL: Habits(
        0.18, (4.0, 9.0), (25.0, 120.0), 0.05, 0.3, 12, {'gardens': 0.7, 'houses': 0.3},
        0.75, 0.7, 0.1, 0.0, (25.0, 50.0), (3.5, 6.0),
    ),
    PlaceKind.MOTORWAY: Habits(
        0.12, (20.0, 34.0), (25.0, 110.0), 0.25, 2.5, 0,
        {'open': 0.35, 'barrier': 0.3, 'woods': 0.35},
        0.0, 0.0, 0.35, 1.0, (35.0, 55.0), (9.0, 13.0),
    ),
    PlaceKind.COUNTRY: Habits(
        0.1, (11.0, 23.0), (30.0, 150.0), 0.05, 2.0, 2,
        {'open': 0.35, 'woods': 0.35, 'hedge': 0.15, 'fence': 0.15},
        0.5, 0.25, 0.6, 0.35, (35.0, 60.0), (5.0, 8.0),
    ),
    PlaceKind.CAR_PARK: Habits(
        0.06, (1.5, 4.0), (30.0, 100.0), 0.0, 0.0, 18,
        {'row': 0.3, 'towers': 0.2, 'fence': 0.3, 'hedge': 0.2},
        0.4, 0.0, 0.1, 0.0, (18.0, 32.0), (4.5, 9.0),
    ),
    PlaceKind.BRIDGE: Habits(
        0.06, (8.0, 18.0), (10.0, 80.0), 0.3, 1.5, 8, {'open': 0.5, 'towers': 0.5},
        0.0, 0.0, 0.15, 0.5, (20.0, 40.0), (5.0, 9.0),
    ),
    PlaceKind.UNDERPASS: Habits(
        0.06, (8.0, 18.0), (10.0, 80.0), 0.3, 1.5, 0, {'row': 0.5, 'towers': 0.5},
        0.0, 0.0, 0.3, 0.0, (22.0, 40.0), (6.0, 9.0),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A road, the kind of place that it leads through, and whether its traffic queues."""

    kind: PlaceKind
    road: Road
    is_queue: bool = False

    @property
    def habits(self) -> Habits:
        """Return what is usual here."""
        return HABITS[self.kind]

    @property
    def is_paved(self) -> bool:
        """Say whether people walk beside the road."""
        return self.kind not in (PlaceKind.MOTORWAY, PlaceKind.COUNTRY, PlaceKind.CAR_PARK)


def draw_place(generator: np.random.Generator) -> Place:
    """Draw a kind of place and its road."""
    kinds = tuple(HABITS)
    shares = np.array([HABITS[kind].share for kind in kinds])
    kind = kinds[int(generator.choice(len(kinds), p=shares / shares.sum()))]
    is_queue = bool(generator.random() < HABITS[kind].queues)
    road = draw_road(generator) if kind is PlaceKind.TOWN else _road(kind, generator)
    return Place(kind, road, is_queue)


class _Shape(NamedTuple):
    """Ranges of a road's measures; ``lanes`` fewest and most each way."""

    swing: float
    period: Range
    hilly: float
    lanes: tuple[int, int]
    lane_width: Range
    parking: float
    pavement: Range
    setback: Range
    kerb: float = 0.13
    shoulder: Range = (2.3, 2.3)
    median: Range = (0.0, 0.0)


_SHAPES: dict[PlaceKind, _Shape] = {
    PlaceKind.CANYON: _Shape(
        0.12, (250.0, 600.0), 0.2, (1, 3), (2.8, 3.4), 0.5, (2.2, 5.5), (0.0, 1.0)
    ),
    PlaceKind.RESIDENTIAL: _Shape(
        0.35, (150.0, 400.0), 0.5, (1, 1), (2.4, 3.0), 0.7, (1.1, 2.4), (3.0, 9.0)
    ),
    PlaceKind.MOTORWAY: _Shape(
        0.2, (500.0, 1200.0), 0.4, (2, 3), (3.4, 3.75), 1.0, (1.5, 4.0), (6.0, 30.0), 0.0,
        (2.2, 3.2), (1.0, 4.0),
    ),
    PlaceKind.COUNTRY: _Shape(
        0.5, (180.0, 450.0), 0.7, (1, 1), (2.6, 3.4), 0.0, (1.0, 3.0), (3.0, 25.0), 0.0
    ),
    PlaceKind.CAR_PARK: _Shape(
        0.0, (400.0, 500.0), 0.1, (1, 1), (2.7, 3.5), 0.0, (5.2, 5.2), (16.0, 34.0), 0.0
    ),
    PlaceKind.BRIDGE: _Shape(
        0.08, (400.0, 800.0), 0.5, (1, 3), (3.0, 3.6), 0.0, (1.4, 3.0), (60.0, 120.0)
    ),
    PlaceKind.UNDERPASS: _Shape(
        0.15, (300.0, 700.0), 0.6, (1, 3), (3.0, 3.6), 0.0, (0.6, 1.5), (1.0, 8.0)
    ),
}  # fmt: skip


def _road(kind: PlaceKind, generator: np.random.Generator) -> Road:
    shape = _SHAPES[kind]
    lanes = int(generator.integers(shape.lanes[0], shape.lanes[1] + 1))
    parking = (generator.random(2) < shape.parking) * generator.uniform(*shape.shoulder)
    pavement = generator.uniform(*shape.pavement, 2)
    setback = generator.uniform(*shape.setback, 2)
    return Road(
        swing=generator.uniform(-shape.swing, shape.swing),
        swing_period=generator.uniform(*shape.period),
        swing_phase=generator.uniform(0.0, 2 * math.pi),
        rise=generator.uniform(0.3, 2.5) * bool(generator.random() < shape.hilly),
        rise_period=generator.uniform(150.0, 400.0),
        rise_phase=generator.uniform(0.0, 2 * math.pi),
        lane_width=generator.uniform(*shape.lane_width),
        lanes_right=lanes,
        lanes_left=lanes,
        median=generator.uniform(*shape.median),
        parking_right=float(parking[0]),
        parking_left=float(parking[1]),
        pavement_right=float(pavement[0]),
        pavement_left=float(pavement[1]),
        setback_right=float(setback[0]),
        setback_left=float(setback[1]),
        kerb_height=shape.kerb,
    )
