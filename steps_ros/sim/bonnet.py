"""
The own vehicle's bonnet, where the camera looks over one.
"""

from __future__ import annotations

import numpy as np

from steps_ros.sim.instances import EGO
from steps_ros.sim.mesh import Kind, Mesh, solid
from steps_ros.sim.trajectory import Mounting

# Higher cameras sit in vans and buses, which have none to be seen.
_HIGHEST_CAMERA = 1.75
_SHARE = 0.25
_ALONG, _ACROSS = 20, 28


def draw_bonnet(mounting: Mounting, generator: np.random.Generator) -> Mesh | None:
    """Draw a bonnet in body axes (forward, left, up), or none."""
    if mounting.height > _HIGHEST_CAMERA or generator.random() > _SHARE:
        return None
    below, fall = generator.uniform(0.32, 0.55), generator.uniform(0.1, 0.28)
    length, half = generator.uniform(0.7, 1.25), generator.uniform(0.68, 0.82)
    aside, crown = generator.uniform(-0.3, 0.3), generator.uniform(0.05, 0.16)
    ridge = generator.uniform(0.3, 0.7)
    along, across = np.meshgrid(
        np.linspace(0, 1, _ALONG), np.linspace(-1, 1, _ACROSS), indexing='ij'
    )
    up = mounting.height - below - fall * along**2.5 - crown * across**2
    up += 0.012 * np.exp(-(((abs(across) - ridge) / 0.06) ** 2))
    # The front edge is round.
    forward = 0.25 + along * (length - 0.14 * across**2)
    vertices = np.stack([forward, aside + half * across, up], -1).reshape(-1, 3).astype(np.float32)
    row, column = np.indices((_ALONG - 1, _ACROSS - 1)).reshape(2, -1)
    corner = row * _ACROSS + column
    ahead = corner + _ACROSS
    faces = np.concatenate(
        [np.stack([corner, ahead, ahead + 1], 1), np.stack([corner, ahead + 1, corner + 1], 1)]
    )
    grey = float(generator.choice((0.015, 0.03, 0.08, 0.3, 0.6)))
    tint = generator.uniform(0.7, 1.0, 3) * grey
    colour = (float(tint[0]), float(tint[1]), float(tint[2]))
    return solid(vertices, faces.astype(np.int32), colour, Kind.PAINT).of_object(EGO)
