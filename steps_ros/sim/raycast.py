"""
First hits of rays with triangles, by Embree.

The vertices are moved into the camera's neighbourhood first, which keeps single precision exact
to a millimetre at any place of a long street.
"""

from __future__ import annotations

from typing import NamedTuple

from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.mesh import Floats, Integers, Mesh


class Hits(NamedTuple):
    """
    Where rays met the mesh.

    ``distance`` (N,) in units of the ray's direction, +inf for none; ``face`` (N,), -1 for none;
    ``normal`` (N, 3) unit, turned towards the ray's origin; ``weights`` (N, 3) barycentric.
    """

    distance: Floats
    face: Integers
    normal: Floats
    weights: Floats


class RayScene:
    """A mesh prepared for rays; positions are given in world coordinates."""

    def __init__(self, mesh: Mesh, centre: NDArray[np.float64]) -> None:
        self._centre = centre.astype(np.float32)
        self._scene = EmbreeScene()
        triangles = (mesh.vertices - self._centre)[mesh.faces]
        self._triangles = TriangleMesh(self._scene, np.ascontiguousarray(triangles, np.float32))

    def first_hits(self, origins: Floats, directions: Floats) -> Hits:
        """Return the nearest hit of each ray; origins and directions are (N, 3)."""
        directions = np.ascontiguousarray(directions, np.float32)
        found = self._scene.run(self._local(origins), directions, output=1)
        face = found['primID']
        normal = found['Ng'] / np.maximum(
            np.linalg.norm(found['Ng'], axis=1, keepdims=True), 1e-12
        )
        away = (normal * directions).sum(1, keepdims=True) > 0
        u, v = found['u'], found['v']
        return Hits(
            np.where(face >= 0, found['tfar'], np.float32(np.inf)).astype(np.float32),
            face,
            np.where(away, -normal, normal).astype(np.float32),
            np.stack([1 - u - v, u, v], 1),
        )

    def is_blocked(self, origins: Floats, targets: Floats) -> NDArray[np.bool_]:
        """Say which straight lines from origins to targets, (N, 3) each, meet the mesh."""
        directions = np.ascontiguousarray(targets - origins, np.float32)
        reach = np.full(len(directions), 0.995, np.float32)
        hit = self._scene.run(self._local(origins), directions, reach, query='OCCLUDED')
        return np.asarray(hit >= 0)

    def _local(self, origins: Floats) -> Floats:
        return np.ascontiguousarray(origins - self._centre, np.float32)
