"""
Surface detail: albedo, glow and gloss at the points that rays have hit.

Noise is read from one random table at several scales; a scale fades out where one pixel covers
more than its grain, so that far surfaces do not flicker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steps_ros.sim.coachwork import lit_saloon, lit_sign, painted, written_on
from steps_ros.sim.mesh import Floats, Integers, Kind, SHINING
from steps_ros.sim.pattern import cracks, hashed, line, masonry, noise_at, road_wear
from steps_ros.sim.road import Road

# A lamp's colour is its radiance; its lens throws back this much.
LAMP_ALBEDO = 0.4
_SCALES = ((19.0, 0.25), (4.0, 0.3), (0.9, 0.35), (0.22, 0.4), (0.06, 0.4), (0.017, 0.4))
_BRICK_M, _SLAB_M, _TILE_M, _PANEL_M = (0.25, 0.075), (0.6, 0.4), (0.32, 0.32), (2.4, 1.5)
# Candela per lux and square metre of retro-reflective sheeting, at its colour's full albedo.
_RETRO = {Kind.SIGN: 8.0}
_CONTRAST = {
    Kind.PLAIN: 0.9, Kind.ROAD: 0.9, Kind.PAVEMENT: 1.0, Kind.GROUND: 1.8, Kind.WALL: 1.1,
    Kind.FOLIAGE: 2.2, Kind.GLASS: 0.7, Kind.PAINT: 0.2, Kind.LAMP: 0.0, Kind.SIGN: 0.3,
    Kind.BRICK: 1.3, Kind.TILES: 1.0, Kind.LIVERY: 0.2,
}  # fmt: skip
# Grains of patches in grass and their weights; what straw has more of than grass.
_PATCHES = ((7.3, 0.5), (2.1, 0.45), (0.6, 0.4), (0.15, 0.35))
_STRAW = np.array((0.9, 0.45, 0.2), np.float32)
_GLOSS = {Kind.GLASS: 0.25, Kind.PAINT: 0.12, Kind.LIVERY: 0.12, Kind.ROAD: 0.04}


@dataclass(frozen=True)
class Points:
    """
    N surface points.

    ``place`` (N, 3) texture coordinates in metres, ``axis`` (N,) the one the face looks along,
    ``footprint`` (N,) metres that a pixel covers, ``colour`` (N, 3), ``kind`` and ``identity``.
    """

    place: Floats
    axis: Integers
    footprint: Floats
    colour: Floats
    kind: Integers
    identity: Integers


@dataclass(frozen=True)
class Surface:
    """
    N lit surfaces.

    Linear RGB ``albedo`` and ``glow`` (cd/m2), (N, 3); ``gloss`` (N,) from 0 to 1; ``retro`` (N,)
    cd/m2 per lux that goes back to where the light came from, before the albedo.
    """

    albedo: Floats
    glow: Floats
    gloss: Floats
    retro: Floats


@dataclass(frozen=True)
class Look:
    """How one scene's markings, windows and wetness look; all shares are from 0 to 1."""

    dash: tuple[float, float]
    is_centre_solid: bool
    has_edge_lines: bool
    paint: float
    crossing_spacing: float
    lit_windows: float
    window_radiance: float
    shops: float
    wetness: float


def draw_look(generator: np.random.Generator) -> Look:
    """Draw the look of a scene."""
    return Look(
        dash=(float(generator.uniform(1.5, 4.0)), float(generator.uniform(4.0, 13.0))),
        is_centre_solid=bool(generator.random() < 0.4),
        has_edge_lines=bool(generator.random() < 0.6),
        paint=float(generator.uniform(0.25, 0.75)) * bool(generator.random() < 0.9),
        crossing_spacing=float(generator.uniform(60, 250)),
        lit_windows=float(generator.uniform(0.0, 0.35)),
        window_radiance=float(np.exp(generator.uniform(np.log(0.5), np.log(25.0)))),
        shops=float(generator.random() * (generator.random() < 0.5)),
        wetness=float(generator.random() * (generator.random() < 0.35)),
    )


def surface(points: Points, road: Road, look: Look) -> Surface:
    """Return what the points are like."""
    contrast = _by_kind(_CONTRAST)[points.kind]
    across, up = _flat_place(points)
    grain = np.clip(1 + contrast * _noise(points, across, up), 0.12, 2.6)
    albedo = points.colour * (grain * _structure(points, across, up))[:, None]
    glow = np.zeros_like(albedo)
    gloss = _by_kind(_GLOSS)[points.kind]
    on_road = points.kind == Kind.ROAD
    if on_road.any():
        _add_road(points, on_road, grain, albedo, (road, look))
        gloss[on_road] += 0.5 * look.wetness
    on_wall = points.kind == Kind.WALL
    if on_wall.any():
        _add_windows(points, on_wall, albedo, glow, look)
    _grow(points, across, up, albedo)
    _paint(points, albedo)
    _shine(points, albedo, glow)
    return Surface(np.clip(albedo, 0.0, 0.95), glow, gloss, _by_kind(_RETRO)[points.kind])


def _grow(points: Points, across: Floats, up: Floats, albedo: Floats) -> None:
    """Turn grass to straw, and thin it out, in patches of many sizes."""
    index = np.flatnonzero(
        (points.kind == Kind.GROUND) & (points.colour[:, 1] > points.colour[:, 0])
    )
    x, y, footprint = across[index], up[index], points.footprint[index]
    patch = np.zeros(len(index), np.float32)
    for grain, weight in _PATCHES:
        patch += weight * np.clip(1.4 - footprint / grain, 0, 1) * noise_at(x / grain, y / grain)
    albedo[index] *= 1 + np.clip(patch, -0.6, 1)[:, None] * _STRAW


def _paint(points: Points, albedo: Floats) -> None:
    """Draw seams, dirt and writing into the paint of vehicles."""
    written = np.flatnonzero(points.kind == Kind.LIVERY)
    index = np.flatnonzero((points.kind == Kind.PAINT) | (points.kind == Kind.LIVERY))
    for chosen, draw in ((written, written_on), (index, painted)):
        albedo[chosen] = draw(
            points.place[chosen], points.axis[chosen], points.identity[chosen],
            points.footprint[chosen], albedo[chosen],
        )  # fmt: skip


def _shine(points: Points, albedo: Floats, glow: Floats) -> None:
    """Let lamps, lit saloons and lit signs glow."""
    index = np.flatnonzero(np.isin(points.kind, SHINING))
    glow[index] = points.colour[index]
    albedo[index] = LAMP_ALBEDO
    number = points.identity
    seats = np.flatnonzero(points.kind == Kind.SALOON)
    glow[seats] *= lit_saloon(points.place[seats], number[seats])[:, None]
    signs = np.flatnonzero(points.kind == Kind.LIT_SIGN)
    glow[signs] *= lit_sign(
        points.place[signs], points.axis[signs], number[signs], points.footprint[signs]
    )[:, None]


def _add_road(
    points: Points, on_road: np.ndarray[tuple[int], np.dtype[np.bool_]], grain: Floats,
    albedo: Floats, scene: tuple[Road, Look],
) -> None:  # fmt: skip
    """Draw wear, cracks and paint into the albedo of the road."""
    road, look = scene
    place, footprint = points.place[on_road], points.footprint[on_road]
    along, left = place[:, 0], place[:, 1]
    worn = road_wear(along, left, footprint, road.lane_width)
    worn *= 1 - 0.55 * cracks(noise_at(along / 2.3, left / 1.7), footprint)
    cover = _markings(place, footprint, road, look)
    cover = (cover * look.paint * np.clip(grain[on_road], 0.3, 1.0))[:, None]
    albedo[on_road] = albedo[on_road] * worn[:, None] * (1 - cover) + 0.75 * cover


def _flat_place(points: Points) -> tuple[Floats, Floats]:
    """Return the two texture coordinates across the face's main axis."""
    across = np.where(points.axis == 0, points.place[:, 1], points.place[:, 0])
    return across, np.where(points.axis == 2, points.place[:, 1], points.place[:, 2])


def _structure(points: Points, across: Floats, up: Floats) -> Floats:
    """Return a factor on the brightness: bricks, slabs, tiles, panels, and their joints."""
    factor = np.ones(len(across), np.float32)
    style = hashed(points.identity, np.full_like(points.identity, 11))
    is_wall = points.kind == Kind.WALL
    for chosen, size, bond, depth in (
        ((points.kind == Kind.BRICK) | (is_wall & (style < 0.4)), _BRICK_M, 0.5, 0.3),
        (is_wall & (style > 0.75), _PANEL_M, 0.0, 0.5),
        (points.kind == Kind.PAVEMENT, _SLAB_M, 0.5, 0.35),
        (points.kind == Kind.TILES, _TILE_M, 0.0, 0.35),
    ):
        index = np.flatnonzero(chosen & (points.footprint < 2 * size[1]))
        if len(index):
            joints, tone = masonry(across[index], up[index], size, points.footprint[index], bond)
            factor[index] = (1 + 0.16 * tone) * (1 - depth * joints)
    return factor


def _by_kind(table: dict[Kind, float]) -> Floats:
    return np.array([table.get(kind, 0.0) for kind in Kind], np.float32)


def _noise(points: Points, first: Floats, second: Floats) -> Floats:
    """Return band-limited noise at texture coordinates."""
    shift = (points.identity % 9973).astype(np.float32) * 3.7
    total = np.zeros(len(first), np.float32)
    for grain, weight in _SCALES:
        strength = weight * np.clip(1.4 - points.footprint / grain, 0, 1)
        fine = np.flatnonzero(strength)
        across, down = ((axis + shift)[fine] / np.float32(grain) for axis in (first, second))
        total[fine] += strength[fine] * noise_at(across, down)
    return total


def _goods(place: Floats, number: Integers) -> Floats:
    """Return a factor on the glow of shop windows: goods on shelves, bright walls above them."""
    along, up = (place[:, 0] + place[:, 1]) / 0.28, place[:, 2] / 0.4
    cell = np.floor(along).astype(np.int32), np.floor(up).astype(np.int32)
    goods = 0.15 + 1.1 * hashed(number, *cell) ** 1.5
    is_shelf = up - cell[1] < 0.12
    return np.asarray(np.where(place[:, 2] > 1.7, 1.3, np.where(is_shelf, 0.1, goods)))


def _markings(place: Floats, footprint: Floats, road: Road, look: Look) -> Floats:
    """Return how much of each point's pixel is road paint, 0 to 1."""
    along, left = place[:, 0], place[:, 1]
    dashed = (np.mod(along, sum(look.dash)) < look.dash[0]).astype(np.float32)
    cover = np.zeros(len(along), np.float32)
    lanes = [(lane, 0.0) for lane in range(-road.lanes_right, min(road.lanes_left, 1))]
    lanes += [(lane, road.median) for lane in range(road.lanes_left + 1)]
    for lane, shift in lanes:
        painted = line(left - lane * road.lane_width - shift, 0.07, footprint)
        is_edge = lane in (-road.lanes_right, road.lanes_left)
        if is_edge and not look.has_edge_lines:
            continue
        is_solid = is_edge or (lane == 0 and (look.is_centre_solid or road.median > 0))
        cover = np.maximum(cover, painted if is_solid else painted * dashed)
    if road.kerb_height == 0:
        return cover
    phase = np.mod(along, look.crossing_spacing)
    stripes = np.mod(left, 1.0) < 0.5
    return np.maximum(cover, ((phase > 20) & (phase < 23.5) & stripes).astype(np.float32))


def _add_windows(
    points: Points, on_wall: np.ndarray[tuple[int], np.dtype[np.bool_]],
    albedo: Floats, glow: Floats, look: Look,
) -> None:  # fmt: skip
    """Draw the windows of the walls into albedo and glow."""
    index = np.flatnonzero(on_wall & (points.axis != 2))
    place, number = points.place[index], points.identity[index]
    style = hashed(number, np.full_like(number, 7))
    cell = 1.6 + 2.0 * style
    across, up = (place[:, 0] + place[:, 1]) / cell, place[:, 2] / 3.0
    column, floor = np.floor(across).astype(np.int32), np.floor(up).astype(np.int32)
    is_shop = (floor == 0) & (hashed(number, np.full_like(number, 3)) < look.shops)
    margin = np.where(is_shop, 0.06, 0.2 + 0.12 * hashed(number, np.full_like(number, 5)))
    inside_across = np.abs(across - column - 0.5) < 0.5 - margin
    inside = inside_across & (up - floor > 0.3 - 0.2 * is_shop) & (up - floor < 0.85)
    window = index[inside]
    dice = hashed(number, column, floor)[inside]
    bright = hashed(number, floor, column + 977)[inside]
    lit = dice < np.where(is_shop[inside], 0.8, look.lit_windows)
    # A frame round the glass with a bar down its middle; curtains and lamps behind it.
    x, y = (across - column)[inside], (up - floor)[inside]
    rim = np.minimum(0.5 - margin[inside] - np.abs(x - 0.5), 0.85 - y) * cell[inside]
    is_frame = (rim < 0.07) | (np.abs(x - 0.5) < 0.012 * (1 + 2 * ~is_shop[inside]))
    seen = np.clip(1.5 - points.footprint[window] / 0.15, 0, 1) * is_frame
    albedo[window] = (0.05 + 0.5 * style[inside] * seen)[:, None]
    warm = np.stack([np.ones_like(bright), 0.6 + 0.3 * bright, 0.25 + 0.6 * bright], 1)
    level = look.window_radiance * (0.1 + bright**2) * np.where(is_shop[inside], 3.0, 1.0)
    drawn = hashed(column, floor, number)[inside]
    behind = 0.55 + 0.45 * np.cos(9 * (x - bright)) * np.sin(5 * (y + dice))
    level *= np.where((x < 0.25 + 0.5 * drawn) & (drawn < 0.6), 0.35, behind)
    level *= np.where(is_shop[inside], _goods(place[inside], number[inside]), 1.0)
    glow[window] = warm * (level * lit * (1 - seen))[:, None]
