"""
Trees, bushes and hedges of many leaves.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from steps_ros.sim.instances import place_number
from steps_ros.sim.mesh import blob, box, Colour, Floats, join, Kind, Mesh, Point
from steps_ros.sim.places import Place
from steps_ros.sim.shapes import leaves, limb

_BARK: Colour = (0.1, 0.07, 0.05)
_HEDGE_PIECE, _CLEARANCE = 3.0, 3.2


def draw_trees(
    place: Place, side: int, length: float, generator: np.random.Generator
) -> list[Mesh]:
    """Return a row of trees along one side's pavement or verge, or none."""
    if generator.random() >= place.habits.trees:
        return []
    road = place.road
    spacing, offset = generator.uniform(6.0, 25.0), generator.uniform(0.6, 1.0)
    edge = road.outer_edge(side) - offset * road.pavement(side)
    parts: list[Mesh] = []
    for along in np.arange(generator.uniform(0, spacing), length, spacing):
        if generator.random() < 0.2:
            continue
        left = side * (edge + generator.uniform(-0.2, 0.2))
        whole = tree((float(along), left), generator, _CLEARANCE)
        parts += _numbered(whole, float(along), side)
    return parts


def draw_woods(
    place: Place, side: int, length: float, generator: np.random.Generator
) -> list[Mesh]:
    """Return trees and bushes scattered beyond one side's verge."""
    edge = place.road.outer_edge(side) + 2.0
    parts: list[Mesh] = []
    along = 0.0
    while along < length:
        along += float(generator.exponential(5.0))
        left = side * (edge + float(generator.gamma(1.5, 5.0)))
        whole = (
            bush((along, left), generator)
            if generator.random() < 0.4
            else tree((along, left), generator)
        )
        parts += _numbered(whole, along, side)
    return parts


def draw_hedge(
    edge: float, side: int, length: float, generator: np.random.Generator
) -> Iterator[Mesh]:
    """Yield a clipped hedge, piece by piece, that stands ``edge`` metres from the centre line."""
    height, depth = generator.uniform(0.8, 2.2), generator.uniform(0.5, 1.0)
    green = float(generator.uniform(0.03, 0.1))
    colour = (0.7 * green, green, 0.4 * green)
    for along in np.arange(-20.0, length, _HEDGE_PIECE):
        low, high = sorted((side * edge, side * (edge + depth)))
        ends = (along, low, 0.0), (along + _HEDGE_PIECE, high, height)
        spread = generator.random((60, 3)) * np.subtract(*ends[::-1]) + ends[0]
        # Leaves stand on the faces that are seen.
        spread[:40, 1] = side * edge
        spread[40:, 2] = height
        yield join([box(*ends, colour, Kind.FOLIAGE), leaves(spread, 0.16, colour, generator)])


def tree(
    foot: tuple[float, float], generator: np.random.Generator, clearance: float = 0.0
) -> Mesh:
    """
    Return a tree at (along, left): a trunk that forks, and a crown of leaf clumps.

    :param clearance: metres below the crown; beside a road it is cut so high.
    """
    along, left = foot
    trunk, crown = generator.uniform(1.8, 4.0), generator.uniform(1.2, 3.2)
    trunk = max(trunk, clearance + 0.5 * crown)
    thick = 0.07 + 0.05 * crown
    fork: Point = (along + generator.normal(0, 0.1), left + generator.normal(0, 0.1), trunk)
    parts = [limb(((along, left, 0.0), fork), (thick, 0.75 * thick), _BARK, 7)]
    centre = np.array([fork[0], fork[1], trunk + 0.75 * crown])
    clumps = _within(int(generator.integers(6, 10)), generator) * crown * 0.7 + centre
    for clump in clumps[:5]:
        parts.append(limb((fork, tuple(clump)), (0.5 * thick, 0.2 * thick), _BARK, 4))
    green = float(generator.uniform(0.05, 0.16))
    colour = (green * float(generator.uniform(0.6, 1.3)), green, green * 0.4)
    if generator.random() < 0.1:
        return join([*parts, *_twigs(clumps, 0.5 * crown, generator)])
    return join([*parts, *_foliage(clumps, 0.55 * crown, colour, generator)])


def bush(foot: tuple[float, float], generator: np.random.Generator) -> Mesh:
    """Return a bush at (along, left)."""
    size = float(generator.uniform(0.5, 1.3))
    clumps = _within(4, generator) * size * 0.8 + (*foot, 0.6 * size)
    green = float(generator.uniform(0.03, 0.1))
    return join(_foliage(clumps, 0.6 * size, (0.8 * green, green, 0.45 * green), generator))


def _foliage(
    clumps: Floats, size: float, colour: Colour, generator: np.random.Generator
) -> list[Mesh]:
    """Return dark inner clumps with bright leaves around them."""
    dark = (0.65 * colour[0], 0.65 * colour[1], 0.65 * colour[2])
    parts = [
        blob(
            (float(x), float(y), float(z)), (0.62 * size, 0.62 * size, 0.5 * size), dark,
            generator, 0.3, Kind.FOLIAGE, rounds=0,
        )
        for x, y, z in clumps
    ]  # fmt: skip
    around = _within(28 * len(clumps), generator, shell=0.5) * size
    spread = np.repeat(clumps, 28, axis=0) + around
    return [*parts, leaves(spread, 0.14 + 0.14 * size, colour, generator)]


def _twigs(clumps: Floats, size: float, generator: np.random.Generator) -> Iterator[Mesh]:
    """Yield the bare twigs of a tree in winter."""
    for clump in clumps:
        for end in clump + _within(7, generator, shell=0.5) * size:
            yield limb((tuple(clump), tuple(end)), (0.025, 0.008), _BARK, 3)


def _within(count: int, generator: np.random.Generator, shell: float = 0.0) -> Floats:
    """Return points (count, 3) in the unit ball, outside of a share ``shell`` of its radius."""
    ways = generator.normal(size=(count, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    return np.asarray(ways * (shell + (1 - shell) * generator.random((count, 1)) ** (1 / 3)))


def _numbered(whole: Mesh, along: float, side: int) -> list[Mesh]:
    return [whole.of_object(place_number(along, side))]
