"""
One view of a lit scene: radiance and exact depth for every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property, reduce
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.sim.glow import Glow
from steps_ros.sim.halo import with_halos
from steps_ros.sim.lamps import Lamps
from steps_ros.sim.lens import pixel_rays, project
from steps_ros.sim.light import light_up, Lit, Shading
from steps_ros.sim.mesh import Floats, Integers, Kind, Mesh, SHINING
from steps_ros.sim.raycast import dots, Hits, lengths, RayScene
from steps_ros.sim.reflection import drawn_out, mirror_share, mirrored_lamps
from steps_ros.sim.road import Doubles, Road
from steps_ros.sim.sky import Sky, sky_radiance, through_fog
from steps_ros.sim.texture import LAMP_ALBEDO, Look, Points, surface

# A lamp's own lens hides it by up to this much.
_LAMP_DEPTH = 0.7
_LAMP_RADIANCE = 4.0e4
# Mirrored pictures of less than this share are not seen; they need no fine texture.
_LEAST_SHARE, _MIRROR_SPREAD = 0.08, 4.0
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
        shines = np.isin(self.mesh.kind, SHINING)
        return np.asarray(np.where(shines, LAMP_ALBEDO, grey), np.float32)

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
    """
    All that a frame shows: parts, lights and what comes back of them, sky, surfaces.

    Where ``has_points`` is false, lamps smaller than a pixel are left out: in a small picture
    they would cover more of it than in a large one.
    """

    parts: tuple[Part, ...]
    lamps: Lamps
    sky: Sky
    look: Look
    road: Road
    has_shadows: bool = True
    glow: Glow | None = None
    has_points: bool = True


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


class _Rays(NamedTuple):
    """
    Rays to be followed: ``origins`` and ``directions`` (N, 3).

    ``spread`` is the width of a pixel at distance 1; where ``has_shadows`` is false, light goes
    through everything.
    """

    origins: Floats
    directions: Floats
    spread: float
    has_shadows: bool


class _Found(NamedTuple):
    """What some rays show: surface points, where they are to be lit, and how far, in metres."""

    pixels: NDArray[np.int64]
    points: Points
    shading: Shading
    way: Floats


class _Traced(NamedTuple):
    """``distance`` (N,) in units of the ray's direction, what was met, and light on it."""

    distance: Floats
    instance: NDArray[np.uint16]
    found: _Found | None
    lit: Lit | None


def render(view: View, camera: Camera, world_from_camera: Doubles) -> Rendering:
    """
    Cast one ray per pixel centre and light what it meets.

    :param world_from_camera: 4x4, camera axes right, down, forward.
    """
    shape = (camera.height, camera.width)
    directions = pixel_rays(camera) @ world_from_camera[:3, :3].T.astype(np.float32)
    centre = world_from_camera[:3, 3].astype(np.float32)
    origins = np.broadcast_to(centre, directions.shape)
    rays = _Rays(origins, directions, 1 / camera.fx, view.has_shadows)
    traced = _trace(view, rays)
    light = np.zeros(len(directions), np.float32)
    if traced.found is not None and traced.lit is not None:
        light[traced.found.pixels] = traced.lit.illuminance @ _LUMINANCE
        mirrored = _mirrored(view, traced.found, camera, world_from_camera)
        traced = traced._replace(lit=Lit(traced.lit.radiance + mirrored, traced.lit.illuminance))
    picture = _colour(view, rays, traced).reshape(*shape, 3)
    depth = traced.distance.reshape(shape)
    _add_far_lamps(picture, depth, view, camera, world_from_camera)
    if view.sky.fog:
        picture = with_halos(picture, depth, view.sky.fog, camera.fx)
    return Rendering(picture, depth, light.reshape(shape), traced.instance.reshape(shape))


def _trace(view: View, rays: _Rays) -> _Traced:
    """Return what rays meet first, lit."""
    hits = [part.rays.first_hits(rays.origins, rays.directions) for part in view.parts]
    distance = reduce(np.minimum, [hit.distance for hit in hits])
    instance = np.zeros(len(distance), np.uint16)
    found: list[_Found] = []
    for part, hit in zip(view.parts, hits, strict=True):
        pixels = np.flatnonzero(np.isfinite(hit.distance) & (hit.distance == distance))
        if len(pixels):
            instance[pixels] = part.mesh.instance[hit.face[pixels]]
            found.append(_found(part, hit, pixels, rays))
    if not found:
        return _Traced(distance, instance, None, None)
    everything = _joined(found)
    blockers = [part.rays for part in view.parts] if rays.has_shadows else []
    look = surface(everything.points, view.road, view.look)
    lit = light_up(everything.shading, look, view.lamps, view.sky, blockers)
    if view.glow is not None:
        lux = view.glow.at(everything.shading.position, everything.shading.normal)
        lit = Lit(lit.radiance + look.albedo * lux / math.pi, lit.illuminance + lux)
    return _Traced(distance, instance, everything, lit)


def _found(part: Part, hits: Hits, pixels: NDArray[np.int64], rays: _Rays) -> _Found:
    """Return the surface points that one part shows."""
    mesh, face = part.mesh, hits.face[pixels]
    step, distance = np.take(rays.directions, pixels, axis=0), hits.distance[pixels]
    length = lengths(step)
    away = step / length[:, None]
    normal = hits.normals(pixels, away)
    u, v = hits.u[pixels], hits.v[pixels]
    corners = np.take(part.corners, face, axis=0)
    for corner, weight in enumerate((1 - u - v, u, v)):
        corners[:, corner] *= weight[:, None]
    slant = np.maximum(np.abs(np.einsum('ij,ij->i', normal, away)), 0.08)
    points = Points(
        corners[:, 0] + corners[:, 1] + corners[:, 2],
        part.flat_axis[face],
        (distance * rays.spread / np.sqrt(slant)).astype(np.float32),
        mesh.colour[face],
        mesh.kind[face],
        mesh.identity[face],
    )
    position = np.take(rays.origins, pixels, axis=0) + step * distance[:, None]
    return _Found(pixels, points, Shading(position, normal, -away), distance * length)


def _joined(found: list[_Found]) -> _Found:
    """Return all that was found, one after the other."""
    points = (item.points for item in found)
    shading = (item.shading for item in found)
    return _Found(
        np.concatenate([item.pixels for item in found]),
        Points(*map(np.concatenate, zip(*map(_values, points), strict=True))),
        Shading(*map(np.concatenate, zip(*map(_values, shading), strict=True))),
        np.concatenate([item.way for item in found]),
    )


def _values(item: Points | Shading) -> list[NDArray[Any]]:
    return [getattr(item, field.name) for field in fields(item)]


def _colour(view: View, rays: _Rays, traced: _Traced) -> Floats:
    """Return the radiance (N, 3) that comes along rays, through the fog."""
    length = lengths(rays.directions)
    colour = np.empty_like(rays.directions)
    sky = np.flatnonzero(~np.isfinite(traced.distance))
    colour[sky] = sky_radiance(rays.directions[sky] / length[sky, None], view.sky)
    if traced.found is not None and traced.lit is not None:
        colour[traced.found.pixels] = through_fog(traced.lit.radiance, traced.found.way, view.sky)
    return colour


def _mirrored(view: View, found: _Found, camera: Camera, world_from_camera: Doubles) -> Floats:
    """Return the radiance (N, 3) that what was found mirrors towards the camera."""
    cosine = dots(found.shading.normal, found.shading.to_camera)
    share = mirror_share(found.points.kind, cosine, view.look.wetness)
    is_road = np.isin(found.points.kind, (Kind.ROAD, Kind.PAVEMENT))
    row, column = np.divmod(found.pixels, camera.width)
    # What a rough mirror shows is drawn out anyway; every fourth pixel will do.
    is_asked = (share > _LEAST_SHARE) & ~(is_road & ((row | column) & 1 == 1))
    index = np.flatnonzero(is_asked)
    mirrored = np.zeros_like(found.shading.position)
    if not len(index):
        return mirrored
    shape = (camera.height, camera.width)
    picture, distance = _mirror_picture(view, found, index, camera)
    mirrored[index] = picture[found.pixels[index]]
    is_wet = is_road & (share > _LEAST_SHARE)
    road = np.flatnonzero(is_wet & is_asked)
    if len(road):
        # Lamps are smaller than pixels; in the road they are as far as the whole way of the ray.
        depth = np.zeros(len(picture), np.float32)
        away = -found.shading.to_camera[road] @ world_from_camera[:3, 2]
        depth[found.pixels[road]] = distance[found.pixels[road]] * away
        place, normal = found.shading.position[road], found.shading.normal[road]
        below = replace(view, lamps=mirrored_lamps(view.lamps, place, normal))
        flat = picture.reshape(*shape, 3)
        _add_far_lamps(flat, depth.reshape(shape), below, camera, world_from_camera)
        smeared = drawn_out(flat, (depth > 0).reshape(shape)).reshape(-1, 3)
        mirrored[is_wet] = smeared[found.pixels[is_wet]]
    return np.asarray(mirrored * share[:, None], np.float32)


def _mirror_picture(
    view: View, found: _Found, index: NDArray[np.int64], camera: Camera
) -> tuple[Floats, Floats]:
    """Return what some points mirror, (H * W, 3), and how far it is from the camera, (H * W,)."""
    back, normal = found.shading.to_camera[index], found.shading.normal[index]
    away = 2 * dots(normal, back)[:, None] * normal - back
    origins = found.shading.position[index] + 0.02 * normal
    rays = _Rays(origins, away, _MIRROR_SPREAD / camera.fx, False)
    traced = _trace(view, rays)
    pixels = found.pixels[index]
    picture = np.zeros((camera.height * camera.width, 3), np.float32)
    distance = np.zeros(len(picture), np.float32)
    picture[pixels] = _colour(view, rays, traced)
    distance[pixels] = found.way[index] + traced.distance
    return picture, distance


def _add_far_lamps(
    picture: Floats, depth: Floats, view: View, camera: Camera, world_from_camera: Doubles
) -> None:
    """Draw lamps that are smaller than a pixel, which rays would miss, into the picture."""
    if not view.has_points:
        return
    lamps = view.lamps
    local = (lamps.position - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    columns, rows = project(camera, local.T.astype(np.float64))
    is_seen = (columns > -0.5) & (columns < camera.width - 0.5) & (local[:, 2] >= 4.0)
    for index in np.flatnonzero(is_seen & (rows > -0.5) & (rows < camera.height - 0.5)):
        column, row = int(columns[index] + 0.5), int(rows[index] + 0.5)
        z = local[index, 2]
        intensity = lamps.intensity[index] * math.exp(-view.sky.fog * z)
        if depth[row, column] > z - _LAMP_DEPTH:
            level = intensity * min(
                0.5 * camera.fx * camera.fy / z**2, _LAMP_RADIANCE / intensity.max()
            )
            picture[row, column] = np.maximum(picture[row, column], level)
