"""
Point lights as arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steps_ros.sim.mesh import Colour, Floats, Point


@dataclass(frozen=True)
class Lamps:
    """
    L point lights.

    ``position`` and ``direction`` (L, 3) in metres and as unit vectors, ``intensity`` (L, 3) in
    candela of linear RGB along the direction, ``beam`` (L,) 1 for a headlamp's flat beam and 0
    for a lobe that covers the half space, ``reach`` (L,) metres beyond which it gives nothing.
    """

    position: Floats
    direction: Floats
    intensity: Floats
    beam: Floats
    reach: Floats

    def __len__(self) -> int:
        return len(self.reach)

    def chosen(self, index: np.ndarray[tuple[int], np.dtype[np.generic]]) -> Lamps:
        """Return the lamps of an index or mask."""
        return Lamps(
            self.position[index],
            self.direction[index],
            self.intensity[index],
            self.beam[index],
            self.reach[index],
        )


def lamp(
    position: Point,
    intensity: Colour,
    direction: Point = (0.0, 0.0, -1.0),
    beam: bool = False,
    reach: float = 35.0,
) -> Lamps:
    """Return one light."""
    return Lamps(
        np.array([position], np.float32),
        np.array([direction], np.float32),
        np.array([intensity], np.float32),
        np.array([beam], np.float32),
        np.array([reach], np.float32),
    )


def join_lamps(groups: Sequence[Lamps]) -> Lamps:
    """Return all lights of the groups, none for no groups."""
    if not groups:
        empty = np.zeros((0, 3), np.float32)
        return Lamps(empty, empty, empty, empty[:, 0], empty[:, 0])
    return Lamps(
        np.concatenate([group.position for group in groups]),
        np.concatenate([group.direction for group in groups]),
        np.concatenate([group.intensity for group in groups]),
        np.concatenate([group.beam for group in groups]),
        np.concatenate([group.reach for group in groups]),
    )
