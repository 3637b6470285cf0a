"""
One view of a lit scene: radiance and exact depth for every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.sim.lamps import Lamps
from steps_ros.sim.light import radiance, Shading, Sky, sky_radiance, through_fog
from steps_ros.sim.mesh import Floats, Mesh
from steps_ros.sim.raycast import Hits, RayScene
from steps_ros.sim.road import Doubles, Road
from steps_ros.sim.texture import Look, Points, surface
from steps_ros.sim.trajectory import pixel_rays

# A lamp's own lens hides it by up to this much.
_LAMP_DEPTH = 0.7
_LAMP_RADIANCE = 4.0e4


@dataclass(frozen=True)
class Part:
    """A mesh together with its ray scene."""

    mesh: Mesh
    rays: RayScene


@dataclass(frozen=True)
class View:
    """All that a frame shows: parts, lights, sky, and how surfaces look."""

    parts: tuple[Part, ...]
    lamps: Lamps
    sky: Sky
    look: Look
    road: Road
    has_shadows: bool = True


def render(view: View, camera: Camera, world_from_camera: Doubles) -> tuple[Floats, Floats]:
    """
    Cast one ray per pixel centre and light what it meets.

    :param world_from_camera: 4x4, camera axes right, down, forward.
    :returns: radiance (H, W, 3) in cd/m2 and depth (H, W) in metres along the optical axis, +inf
        for sky.
    """
    shape = (camera.height, camera.width)
    directions = pixel_rays(camera) @ world_from_camera[:3, :3].T.astype(np.float32)
    centre = world_from_camera[:3, 3].astype(np.float32)
    origins = np.broadcast_to(centre, directions.shape)
    hits = [part.rays.first_hits(origins, directions) for part in view.parts]
    depth = reduce(np.minimum, [hit.distance for hit in hits])
    lengths = np.linalg.norm(directions, axis=1)
    colour = sky_radiance(directions / lengths[:, None], view.sky)
    for part, hit in zip(view.parts, hits, strict=True):
        index = np.flatnonzero(np.isfinite(hit.distance) & (hit.distance == depth))
        if len(index):
            away = directions[index] / lengths[index, None]
            lit = _shade(view, part, hit, index, centre, away, camera)
            colour[index] = through_fog(lit, hit.distance[index] * lengths[index], view.sky)
    picture = colour.reshape(*shape, 3)
    flat_depth = depth.reshape(shape)
    _add_far_lamps(picture, flat_depth, view.lamps, camera, world_from_camera)
    return picture, flat_depth


def _shade(
    view: View, part: Part, hit: Hits, index: NDArray[np.int64],
    centre: Floats, away: Floats, camera: Camera,
) -> Floats:  # fmt: skip
    """Return the radiance of the pixels ``index``, whose rays leave along ``away``."""
    face, normal = hit.face[index], hit.normal[index]
    corners = part.mesh.texture[part.mesh.faces[face]]
    place = (corners * hit.weights[index][:, :, None]).sum(1)
    flat = np.abs(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    distance = hit.distance[index]
    slant = np.maximum(np.abs(np.einsum('ij,ij->i', normal, away)), 0.08)
    points = Points(
        place.astype(np.float32),
        flat.argmax(1).astype(np.int32),
        (distance / camera.fx / np.sqrt(slant)).astype(np.float32),
        part.mesh.colour[face],
        part.mesh.kind[face],
        part.mesh.identity[face],
    )
    length = np.linalg.norm(pixel_rays(camera)[index], axis=1)
    position = centre + away * (distance * length)[:, None]
    shading = Shading(position, normal, -away)
    blockers = [part.rays for part in view.parts] if view.has_shadows else []
    return radiance(shading, surface(points, view.road, view.look), view.lamps, view.sky, blockers)


def _add_far_lamps(
    picture: Floats, depth: Floats, lamps: Lamps, camera: Camera, world_from_camera: Doubles
) -> None:
    """Draw lamps that are smaller than a pixel, which rays would miss, into the picture."""
    local = (lamps.position - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    for (x, y, z), intensity in zip(local, lamps.intensity, strict=True):
        if z < 4.0:
            continue
        column = round(camera.fx * x / z + camera.cx)
        row = round(camera.fy * y / z + camera.cy)
        is_inside = 0 <= column < camera.width and 0 <= row < camera.height
        if is_inside and depth[row, column] > z - _LAMP_DEPTH:
            level = intensity * min(
                0.5 * camera.fx * camera.fy / z**2, _LAMP_RADIANCE / intensity.max()
            )
            picture[row, column] = np.maximum(picture[row, column], level)
