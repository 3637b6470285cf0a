"""
Tufts of grass beside a road.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from steps_ros.sim.mesh import Colour, Kind, Mesh, solid
from steps_ros.sim.places import Place, PlaceKind
from steps_ros.sim.road import Doubles

_PIECE_M, _TUFTS_A_METRE, _BLADES = 20.0, 6.0, 4
_WIDEST_M = 5.0
_UNPAVED = (PlaceKind.MOTORWAY, PlaceKind.COUNTRY)


def draw_tufts(
    place: Place, colour: Colour, length: float, generator: np.random.Generator
) -> Iterator[Mesh]:
    """Yield tufts of grass, piece by piece along both sides, where the land is green."""
    if colour[1] <= colour[0] or place.kind is PlaceKind.BRIDGE:
        return
    road, tall = place.road, float(generator.uniform(0.06, 0.3))
    for side in (-1, 1):
        outer = road.outer_edge(side)
        inner = road.kerb(side) + 0.3 if place.kind in _UNPAVED else outer + 0.1
        # Where fronts stand at the road there is no room for grass.
        width = max(0.0, min(_WIDEST_M, outer + road.setback(side) - inner))
        count = int(_PIECE_M * _TUFTS_A_METRE * width / _WIDEST_M)
        for along in np.arange(-10.0, length, _PIECE_M):
            feet = np.zeros((count, 3))
            feet[:, 0] = along + _PIECE_M * generator.random(count)
            out = inner + width * generator.random(count)
            # Unpaved land falls a little beyond the shoulder.
            fall = 0.07 * np.clip(out - outer, 0, 4) * (place.kind in _UNPAVED)
            feet[:, 1], feet[:, 2] = side * out, road.kerb_height - fall
            if count:
                yield _tufts(feet, tall, colour, generator)


def _tufts(feet: Doubles, tall: float, colour: Colour, generator: np.random.Generator) -> Mesh:
    """Return a tuft of blades, a triangle each, on every foot (N, 3)."""
    roots = np.repeat(feet, _BLADES, axis=0)
    roots[:, :2] += generator.normal(0.0, 0.06, (len(roots), 2))
    lean = tall * generator.normal(0.0, 0.45, (len(roots), 2))
    aside = generator.normal(0.0, 0.03, (len(roots), 2))
    tips = roots + np.column_stack([lean, tall * generator.uniform(0.4, 1.5, len(roots))])
    broad = np.column_stack([aside, np.zeros(len(roots))])
    vertices = np.stack([roots - broad, roots + broad, tips], 1).reshape(-1, 3)
    faces = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    mesh = solid(vertices.astype(np.float32), faces, colour, Kind.FOLIAGE)
    straw = np.repeat(generator.random((len(feet), 1)) ** 3, _BLADES, axis=0)
    shade = generator.uniform(0.8, 2.0, (len(roots), 1)) * (1 + straw * (1.2, 0.6, 0.3))
    return replace(mesh, colour=(mesh.colour * shade).astype(np.float32))
