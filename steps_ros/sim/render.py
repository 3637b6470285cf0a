"""
One view of a lit scene: radiance and exact depth for every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.sim.lamps import Lamps
from steps_ros.sim.lens import pixel_rays, project
from steps_ros.sim.light import light_up, Lit, Shading, Sky, sky_radiance, through_fog
from steps_ros.sim.mesh import Floats, Integers, Kind, Mesh
from steps_ros.sim.raycast import Hits, lengths, RayScene
from steps_ros.sim.road import Doubles, Road
from steps_ros.sim.texture import LAMP_ALBEDO, Look, Points, surface

# A lamp's own lens hides it by up to this much.
_LAMP_DEPTH = 0.7
_LAMP_RADIANCE = 4.0e4
# Of linear RGB with the primaries of Rec. 709.
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Part:
    """A mesh together with its ray scene."""

    mesh: Mesh
    rays: RayScene

    @cached_property
    def albedo(self) -> Floats:
        """Return how much light each face throws back, 0 to 1, as a mean over colours, (F,)."""
        grey = self.mesh.colour.mean(1)
        return np.asarray(np.where(self.mesh.kind == Kind.LAMP, LAMP_ALBEDO, grey), np.float32)

    @cached_property
    def corners(self) -> Floats:
        """Return the texture coordinates of each face's corners, (F, 3, 3)."""
        return np.asarray(self.mesh.texture[self.mesh.faces])

    @cached_property
    def flat_axis(self) -> Integers:
        """Return the texture axis along which each face looks, (F,)."""
        corners = self.corners
        flat = np.abs(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
        return np.asarray(flat.argmax(1), np.int32)


@dataclass(frozen=True)
class View:
    """All that a frame shows: parts, lights, sky, and how surfaces look."""

    parts: tuple[Part, ...]
    lamps: Lamps
    sky: Sky
    look: Look
    road: Road
    has_shadows: bool = True


class Rendering(NamedTuple):
    """
    One view.

    ``radiance`` (H, W, 3) cd/m2; ``depth`` (H, W) metres along the optical axis, +inf for sky;
    ``illuminance`` (H, W) lux that falls on the surface, before its colour, 0 for sky;
    ``instance`` (H, W) as in :mod:`steps_ros.sim.instances`, 0 for sky.
    """

    radiance: Floats
    depth: Floats
    illuminance: Floats
    instance: NDArray[np.uint16]


class _Seen(NamedTuple):
    """The pixels that one part shows: its hits, and the unit rays of these pixels."""

    pixels: NDArray[np.int64]
    hits: Hits
    away: Floats


def render(view: View, camera: Camera, world_from_camera: Doubles) -> Rendering:
    """
    Cast one ray per pixel centre and light what it meets.

    :param world_from_camera: 4x4, camera axes right, down, forward.
    """
    shape = (camera.height, camera.width)
    directions = pixel_rays(camera) @ world_from_camera[:3, :3].T.astype(np.float32)
    centre = world_from_camera[:3, 3].astype(np.float32)
    origins = np.broadcast_to(centre, directions.shape)
    hits = [part.rays.first_hits(origins, directions) for part in view.parts]
    depth = reduce(np.minimum, [hit.distance for hit in hits])
    length = lengths(directions)
    away = directions / length[:, None]
    colour = np.empty_like(directions)
    light = np.zeros(len(depth), np.float32)
    instance = np.zeros(len(depth), np.uint16)
    sky = np.flatnonzero(~np.isfinite(depth))
    colour[sky] = sky_radiance(away[sky], view.sky)
    found: list[_Found] = []
    for part, hit in zip(view.parts, hits, strict=True):
        pixels = np.flatnonzero(np.isfinite(hit.distance) & (hit.distance == depth))
        if len(pixels):
            instance[pixels] = part.mesh.instance[hit.face[pixels]]
            seen = _Seen(pixels, hit, np.take(away, pixels, axis=0))
            found.append(_found(part, seen, centre, camera))
    if found:
        pixels = np.concatenate([item.pixels for item in found])
        lit = _lit(view, found)
        colour[pixels] = through_fog(lit.radiance, depth[pixels] * length[pixels], view.sky)
        light[pixels] = lit.illuminance @ _LUMINANCE
    picture, flat_depth = colour.reshape(*shape, 3), depth.reshape(shape)
    _add_far_lamps(picture, flat_depth, view.lamps, camera, world_from_camera)
    return Rendering(picture, flat_depth, light.reshape(shape), instance.reshape(shape))


class _Found(NamedTuple):
    """What the pixels of one part show: surface points, and where they are to be lit."""

    pixels: NDArray[np.int64]
    points: Points
    shading: Shading


def _found(part: Part, seen: _Seen, centre: Floats, camera: Camera) -> _Found:
    index, hits, mesh = seen.pixels, seen.hits, part.mesh
    face, normal = hits.face[index], hits.normals(index, seen.away)
    u, v = hits.u[index], hits.v[index]
    corners = np.take(part.corners, face, axis=0)
    for corner, weight in enumerate((1 - u - v, u, v)):
        corners[:, corner] *= weight[:, None]
    distance = hits.distance[index]
    slant = np.maximum(np.abs(np.einsum('ij,ij->i', normal, seen.away)), 0.08)
    points = Points(
        corners[:, 0] + corners[:, 1] + corners[:, 2],
        part.flat_axis[face],
        (distance / camera.fx / np.sqrt(slant)).astype(np.float32),
        mesh.colour[face],
        mesh.kind[face],
        mesh.identity[face],
    )
    length = lengths(np.take(pixel_rays(camera), index, axis=0))
    position = centre + seen.away * (distance * length)[:, None]
    return _Found(index, points, Shading(position, normal, -seen.away))


def _lit(view: View, found: list[_Found]) -> Lit:
    """Return the light on and from all that was found, one after the other."""
    points = Points(
        *(
            np.concatenate([getattr(item.points, field.name) for item in found])
            for field in fields(Points)
        )
    )
    shading = Shading(
        *(
            np.concatenate([getattr(item.shading, field.name) for item in found])
            for field in fields(Shading)
        )
    )
    blockers = [part.rays for part in view.parts] if view.has_shadows else []
    look = surface(points, view.road, view.look)
    return light_up(shading, look, view.lamps, view.sky, blockers)


def _add_far_lamps(
    picture: Floats, depth: Floats, lamps: Lamps, camera: Camera, world_from_camera: Doubles
) -> None:
    """Draw lamps that are smaller than a pixel, which rays would miss, into the picture."""
    local = (lamps.position - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    columns, rows = project(camera, local.T.astype(np.float64))
    is_seen = (columns > -0.5) & (columns < camera.width - 0.5) & (local[:, 2] >= 4.0)
    for index in np.flatnonzero(is_seen & (rows > -0.5) & (rows < camera.height - 0.5)):
        column, row = int(columns[index] + 0.5), int(rows[index] + 0.5)
        z, intensity = local[index, 2], lamps.intensity[index]
        if depth[row, column] > z - _LAMP_DEPTH:
            level = intensity * min(
                0.5 * camera.fx * camera.fy / z**2, _LAMP_RADIANCE / intensity.max()
            )
            picture[row, column] = np.maximum(picture[row, column], level)
