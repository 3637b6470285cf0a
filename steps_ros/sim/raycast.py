"""
First hits of rays with triangles, by Embree.

The vertices are moved into the camera's neighbourhood first, which keeps single precision exact
to a millimetre at any place of a long street.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.mesh import Floats, Integers, Mesh


def dots(first: NDArray[Any], second: NDArray[Any]) -> Floats:
    """Return the products of vectors, (N, 3) each; on three axes this is faster than sums are."""
    x, y, z = (first[:, axis] * second[:, axis] for axis in range(3))
    return np.asarray(x + y + z, np.float32)


def lengths(vectors: NDArray[Any]) -> Floats:
    """Return the lengths of (N, 3) vectors."""
    return np.sqrt(dots(vectors, vectors))


class Hits(NamedTuple):
    """
    Where rays met the mesh.

    ``distance`` (N,) in units of the ray's direction, +inf for none; ``face`` (N,), -1 for none;
    ``crosswise`` (N, 3) at right angles to the face, of any length and side; ``u`` and ``v`` (N,)
    barycentric weights of the face's second and third corner.
    """

    distance: Floats
    face: Integers
    crosswise: Floats
    u: Floats
    v: Floats

    def normals(self, index: NDArray[np.int64], directions: Floats) -> Floats:
        """Return unit normals of the hits ``index``, turned against their rays, (n, 3)."""
        across = np.take(self.crosswise, index, axis=0)
        unit = np.asarray(across / np.maximum(lengths(across), 1e-12)[:, None], np.float32)
        unit[dots(unit, directions) > 0] *= -1
        return unit


class RayScene:
    """
    A mesh prepared for rays; positions are given in world coordinates.

    A robust scene lets no ray slip between two triangles; the other kind is a third faster, and
    its depth differs by two parts in a million.
    """

    def __init__(self, mesh: Mesh, centre: NDArray[np.float64], is_robust: bool = True) -> None:
        self._centre = centre.astype(np.float32)
        self._scene = EmbreeScene(robust=is_robust)
        self._triangles = TriangleMesh(self._scene, self._local(mesh.vertices), mesh.faces)

    def first_hits(self, origins: Floats, directions: Floats) -> Hits:
        """Return the nearest hit of each ray; origins and directions are (N, 3)."""
        directions = np.ascontiguousarray(directions, np.float32)
        found = self._scene.run(self._local(origins), directions, output=1)
        face = found['primID']
        distance = np.where(face >= 0, found['tfar'], np.float32(np.inf)).astype(np.float32)
        return Hits(distance, face, found['Ng'], found['u'], found['v'])

    def is_blocked(self, origins: Floats, targets: Floats) -> NDArray[np.bool_]:
        """Say which straight lines from origins (N, 3) to targets, (N, 3) or (3,), meet it."""
        directions = np.ascontiguousarray(targets - origins, np.float32)
        reach = np.full(len(directions), 0.995, np.float32)
        hit = self._scene.run(self._local(origins), directions, reach, query='OCCLUDED')
        return np.asarray(hit >= 0)

    def _local(self, origins: Floats) -> Floats:
        return np.ascontiguousarray(origins - self._centre, np.float32)
