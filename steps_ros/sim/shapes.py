"""
Rounded and pointed solids: hulls drawn over rings, limbs, discs, leaves.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
import math
from typing import NamedTuple

import numpy as np

from steps_ros.sim.mesh import box, Colour, Floats, Integers, Kind, Mesh, Point, solid
from steps_ros.sim.road import Doubles


class Skin(NamedTuple):
    """What a face is made of: linear RGB (radiance for lamps) and kind."""

    colour: Colour
    kind: Kind


def hull(rings: Floats, skins: tuple[Skin, ...], choice: Integers) -> Mesh:
    """
    Return a skin over rings of points, closed at both ends.

    :param rings: (S, R, 3) metres, ring after ring.
    :param skins: what the faces may be made of; the ends are of the first.
    :param choice: (S - 1, R - 1) index into ``skins`` of each field between two rings.
    """
    faces, ends = _hull_faces(*rings.shape[:2])
    mesh = solid(rings.reshape(-1, 3), faces, *skins[0])
    if len(skins) == 1:
        return mesh
    fields = choice.ravel()
    chosen = np.concatenate([fields, fields, np.zeros(ends, np.intp)])
    colours = np.array([skin.colour for skin in skins], np.float32)
    kinds = np.array([skin.kind for skin in skins], np.int32)
    return replace(mesh, colour=colours[chosen], kind=kinds[chosen])


@lru_cache(maxsize=64)
def _hull_faces(count: int, around: int) -> tuple[Integers, int]:
    """Return the faces of a hull of so many rings of points, and how many of them close it."""
    row, column = np.meshgrid(np.arange(count - 1), np.arange(around - 1), indexing='ij')
    corner = (row * around + column).ravel()
    ahead = corner + around
    inner = np.arange(1, around - 1)
    faces = [
        np.stack([corner, ahead, ahead + 1], 1),
        np.stack([corner, ahead + 1, corner + 1], 1),
        *(
            np.stack([np.full_like(inner, start), start + inner, start + inner + 1], 1)
            for start in (0, (count - 1) * around)
        ),
    ]
    return np.concatenate(faces).astype(np.int32), 2 * len(inner)


def limb(
    ends: tuple[Point, Point],
    radii: tuple[float, float],
    colour: Colour,
    sides: int = 6,
    kind: Kind = Kind.PLAIN,
) -> Mesh:
    """Return a round bar between two points, with a radius at each, in metres."""
    start, end = ends
    way = _unit((end[0] - start[0], end[1] - start[1], end[2] - start[2]))
    beside = _unit(_cross(way, (0.0, 1.0, 0.0) if abs(way[1]) < 0.9 else (1.0, 0.0, 0.0)))
    circle = _circle(sides) @ np.array([beside, _cross(way, beside)])
    rings = np.array(ends)[:, None] + np.array(radii)[:, None, None] * circle
    return hull(rings, (Skin(colour, kind),), np.zeros((1, sides), np.int32))


@lru_cache(maxsize=16)
def _circle(sides: int) -> Doubles:
    """Return the corners of a polygon, the first once more at its end, (sides + 1, 2)."""
    angle = np.linspace(0.0, 2 * math.pi, sides + 1)
    return np.stack([np.cos(angle), np.sin(angle)], 1)


def _cross(first: Point, second: Point) -> Point:
    (a, b, c), (x, y, z) = first, second
    return b * z - c * y, c * x - a * z, a * y - b * x


def _unit(way: Point) -> Point:
    length = max(math.hypot(*way), 1e-6)
    return way[0] / length, way[1] / length, way[2] / length


def disc(
    centre: Point,
    radius: float,
    axis: int,
    skins: tuple[Skin, ...],
    sectors: tuple[int, float] = (12, 2 * math.pi),
) -> Mesh:
    """
    Return a flat disc across axis 0 or 1, or the upper part of one.

    :param skins: the sectors are made of one after the other, in turn.
    :param sectors: how many, and the angle in radians that they fill, from the right upwards.
    """
    count, full = sectors
    angle = np.linspace(0.0, full, count + 1)
    rim = np.zeros((count + 1, 3))
    rim[:, 1 - axis], rim[:, 2] = radius * np.cos(angle), radius * np.sin(angle)
    vertices = np.concatenate([[(0.0, 0.0, 0.0)], rim]) + np.asarray(centre)
    first = np.arange(1, count + 1)
    faces = np.stack([np.zeros_like(first), first, first + 1], 1)
    mesh = solid(vertices, faces.astype(np.int32), skins[0].colour)
    turn = (first - 1) % len(skins)
    colours = np.array([skin.colour for skin in skins], np.float32)
    kinds = np.array([skin.kind for skin in skins], np.int32)
    return replace(mesh, colour=colours[turn], kind=kinds[turn])


def lit_board(low: Point, high: Point, glow: Colour) -> Mesh:
    """Return a sign that shines; its texture is in heights of the board from its lower corner."""
    board = box(low, high, glow, Kind.LIT_SIGN)
    return replace(board, texture=(board.vertices - board.vertices.min(0)) / (high[2] - low[2]))


def leaves(centres: Floats, size: float, colour: Colour, generator: np.random.Generator) -> Mesh:
    """Return one leaf cluster, two triangles turned at random, at each centre (N, 3)."""
    count = len(centres)
    sides = generator.normal(size=(2, count, 3))
    sides *= (
        size
        * generator.uniform(0.6, 1.3, (2, count, 1))
        / np.linalg.norm(sides, axis=2, keepdims=True)
    )
    corners = [centres - sides[0], centres + sides[1], centres + sides[0], centres - sides[1]]
    vertices = np.stack(corners, 1).reshape(-1, 3)
    first = 4 * np.arange(count)[:, None]
    faces = np.concatenate([first + np.array(corner) for corner in ((0, 1, 2), (0, 2, 3))])
    mesh = solid(vertices, faces.astype(np.int32), colour, Kind.FOLIAGE)
    shade = generator.uniform(0.55, 1.45, (count, 1)).astype(np.float32)
    return replace(mesh, colour=mesh.colour * np.concatenate([shade, shade]))
