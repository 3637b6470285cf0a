"""
Coloured triangle meshes and the few solids a street is made of.

Every vertex has two positions: where it is in the world and where it was when it was built.
The second one is the texture coordinate, so a pattern stays on a bent road or a moving car.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
import trimesh

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]
Colour = tuple[float, float, float]
Point = tuple[float, float, float]


class Kind(IntEnum):
    """What a face is made of; the texture and the gloss follow from it."""

    PLAIN = 0
    ROAD = 1
    PAVEMENT = 2
    GROUND = 3
    WALL = 4
    FOLIAGE = 5
    GLASS = 6
    PAINT = 7
    LAMP = 8
    SIGN = 9
    BRICK = 10
    TILES = 11
    LIVERY = 12
    SALOON = 13
    LIT_SIGN = 14


# What shines: its colour is radiance in cd/m2.
SHINING = (Kind.LAMP, Kind.SALOON, Kind.LIT_SIGN)


@dataclass(frozen=True)
class Mesh:
    """
    Triangles with one colour, kind and object each.

    ``vertices`` and ``texture`` are (V, 3) metres, ``faces`` (F, 3), ``colour`` (F, 3) linear RGB
    (albedo, or radiance in cd/m2 for lamps), ``kind`` (F,), ``identity`` (F,) a random number
    that the pattern follows, ``instance`` (F,) the number of the object, unique in its scene.
    """

    vertices: Floats
    texture: Floats
    faces: Integers
    colour: Floats
    kind: Integers
    identity: Integers
    instance: Integers

    def moved(self, matrix: NDArray[np.float64]) -> Mesh:
        """Return the mesh with its world positions mapped by a 4x4 matrix; texture stays."""
        moved = self.vertices @ matrix[:3, :3].T.astype(np.float32)
        return replace(self, vertices=moved + matrix[:3, 3].astype(np.float32))

    def numbered(self, identity: int) -> Mesh:
        """Return the mesh with one pattern on all faces."""
        return replace(self, identity=np.full(len(self.faces), identity, np.int32))

    def of_object(self, instance: int) -> Mesh:
        """Return the mesh as a part of one object."""
        return replace(self, instance=np.full(len(self.faces), instance, np.int32))


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Return one mesh of all the given ones, of which there is at least one."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.texture for mesh in meshes]),
        np.concatenate(
            [mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]
        ).astype(np.int32),
        np.concatenate([mesh.colour for mesh in meshes]),
        np.concatenate([mesh.kind for mesh in meshes]),
        np.concatenate([mesh.identity for mesh in meshes]),
        np.concatenate([mesh.instance for mesh in meshes]),
    )


def solid(vertices: Floats, faces: Integers, colour: Colour, kind: Kind = Kind.PLAIN) -> Mesh:
    """Return a mesh of one colour and kind; the texture coordinates are the vertices."""
    count = len(faces)
    vertices = np.asarray(vertices, np.float32)
    colours = np.empty((count, 3), np.float32)
    colours[:] = colour
    return Mesh(
        vertices,
        vertices,
        np.asarray(faces, np.int32),
        colours,
        np.full(count, int(kind), np.int32),
        np.zeros(count, np.int32),
        np.zeros(count, np.int32),
    )


def box(
    low: Point,
    high: Point,
    colour: Colour,
    kind: Kind = Kind.PLAIN,
    inset: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Mesh:
    """
    Return an axis-aligned box, or a frustum when its top is drawn in.

    :param low: smallest x, y, z in metres.
    :param high: largest x, y, z in metres.
    :param inset: metres by which the top is shorter at the back (-x), at the front (+x) and at
        each side (y).
    """
    vertices, faces = _unit_box()
    corner = np.array(low, np.float32) + vertices * np.subtract(high, low, dtype=np.float32)
    back, front, side = inset
    if back or front or side:
        top = vertices[:, 2] > 0.5
        corner[top, 0] += np.where(vertices[top, 0] > 0.5, -front, back)
        corner[top, 1] += np.where(vertices[top, 1] > 0.5, -side, side)
    return solid(corner, faces, colour, kind)


def cylinder(
    centre: Point,
    radius: float,
    length: float,
    axis: int,
    colour: Colour,
    sections: int = 8,
) -> Mesh:
    """Return a closed cylinder around ``centre`` along axis 0, 1 or 2, in metres."""
    vertices, faces = _unit_cylinder(sections)
    scaled = vertices * np.array([radius, radius, length], np.float32)
    turned = np.roll(scaled, axis - 2, axis=1)
    return solid(turned + np.asarray(centre, np.float32), faces, colour)


def blob(
    centre: Point,
    radii: Point,
    colour: Colour,
    generator: np.random.Generator,
    roughness: float = 0.0,
    kind: Kind = Kind.PLAIN,
    rounds: int = 2,
) -> Mesh:
    """
    Return an ellipsoid whose vertices are pushed in and out by up to ``roughness`` radii.

    :param rounds: 0 gives 20 faces, 1 gives 80, 2 gives 320.
    """
    vertices, faces = _unit_sphere(rounds)
    push = 1 + roughness * generator.uniform(-1, 1, (len(vertices), 1))
    shaped = vertices * push * np.asarray(radii) + np.asarray(centre)
    return solid(shaped.astype(np.float32), faces, colour, kind)


def strip(
    along: Floats, section: Sequence[tuple[float, float]], colour: Colour, kind: Kind
) -> Mesh:
    """
    Return a band that follows the road.

    :param along: (N,) rising road positions in metres where the band has vertices.
    :param section: the band's cross-section as (left, up) points in metres, from right to left.
    """
    points = np.asarray(section, np.float32)
    count = len(points)
    vertices = np.empty((len(along), count, 3), np.float32)
    vertices[..., 0] = along[:, None]
    vertices[..., 1:] = points[None]
    row, column = np.meshgrid(np.arange(len(along) - 1), np.arange(count - 1), indexing='ij')
    corner = (row * count + column).ravel()
    ahead = corner + count
    faces = np.concatenate(
        [np.stack([corner, ahead, ahead + 1], 1), np.stack([corner, ahead + 1, corner + 1], 1)]
    )
    return solid(vertices.reshape(-1, 3), faces.astype(np.int32), colour, kind)


@lru_cache(maxsize=1)
def _unit_box() -> tuple[Floats, Integers]:
    shape = trimesh.creation.box((1.0, 1.0, 1.0))
    return np.asarray(shape.vertices + 0.5, np.float32), np.asarray(shape.faces, np.int32)


@lru_cache(maxsize=4)
def _unit_cylinder(sections: int) -> tuple[Floats, Integers]:
    shape = trimesh.creation.cylinder(1.0, 1.0, sections=sections)
    return np.asarray(shape.vertices, np.float32), np.asarray(shape.faces, np.int32)


@lru_cache(maxsize=3)
def _unit_sphere(rounds: int) -> tuple[Floats, Integers]:
    shape = trimesh.creation.icosphere(subdivisions=rounds)
    return np.asarray(shape.vertices, np.float32), np.asarray(shape.faces, np.int32)
