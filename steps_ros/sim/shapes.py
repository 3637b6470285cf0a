"""
Rounded and pointed solids: hulls drawn over rings, limbs, discs, leaves.
"""

from __future__ import annotations

from dataclasses import replace
import math
from typing import NamedTuple

import numpy as np

from steps_ros.sim.mesh import Colour, Floats, Integers, Kind, Mesh, Point, solid


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
    count, around = rings.shape[:2]
    row, column = np.meshgrid(np.arange(count - 1), np.arange(around - 1), indexing='ij')
    corner = (row * around + column).ravel()
    ahead = corner + around
    fields = [
        np.stack([corner, ahead, ahead + 1], 1),
        np.stack([corner, ahead + 1, corner + 1], 1),
    ]
    inner = np.arange(1, around - 1)
    ends = [
        np.stack([np.full_like(inner, start), start + inner, start + inner + 1], 1)
        for start in (0, (count - 1) * around)
    ]
    faces = np.concatenate(fields + ends).astype(np.int32)
    chosen = np.concatenate([choice.ravel(), choice.ravel(), np.zeros(2 * len(inner), int)])
    mesh = solid(rings.reshape(-1, 3), faces, skins[0].colour)
    colours = np.array([skin.colour for skin in skins], np.float32)
    kinds = np.array([skin.kind for skin in skins], np.int32)
    return replace(mesh, colour=colours[chosen], kind=kinds[chosen])


def limb(
    ends: tuple[Point, Point],
    radii: tuple[float, float],
    colour: Colour,
    sides: int = 6,
    kind: Kind = Kind.PLAIN,
) -> Mesh:
    """Return a round bar between two points, with a radius at each, in metres."""
    start, end = (np.asarray(point) for point in ends)
    way = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
    beside = np.cross(way, (0.0, 1.0, 0.0) if abs(way[1]) < 0.9 else (1.0, 0.0, 0.0))
    beside /= np.linalg.norm(beside)
    angle = np.linspace(0.0, 2 * math.pi, sides + 1)[:, None]
    circle = np.cos(angle) * beside + np.sin(angle) * np.cross(way, beside)
    rings = np.stack([start + radii[0] * circle, end + radii[1] * circle])
    return hull(rings, (Skin(colour, kind),), np.zeros((1, sides), np.int32))


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
