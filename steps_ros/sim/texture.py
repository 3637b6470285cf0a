"""
Surface detail: albedo, glow and gloss at the points that rays have hit.

Noise is read from one random table at several scales; a scale fades out where one pixel covers
more than its grain, so that far surfaces do not flicker.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from steps_ros.sim.mesh import Floats, Integers, Kind
from steps_ros.sim.road import Road

# A lamp's colour is its radiance; its lens throws back this much.
LAMP_ALBEDO = 0.4
_TABLE = 512
_SCALES = ((4.0, 0.35), (0.9, 0.3), (0.22, 0.3), (0.06, 0.25))
_CONTRAST = {
    Kind.PLAIN: 0.7, Kind.ROAD: 0.55, Kind.PAVEMENT: 0.6, Kind.GROUND: 1.0, Kind.WALL: 0.7,
    Kind.FOLIAGE: 1.5, Kind.GLASS: 0.2, Kind.PAINT: 0.12, Kind.LAMP: 0.0, Kind.SIGN: 0.25,
    Kind.BRICK: 0.8, Kind.TILES: 0.7,
}  # fmt: skip
_GLOSS = {Kind.GLASS: 0.25, Kind.PAINT: 0.12, Kind.ROAD: 0.04}


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
    """Linear RGB ``albedo`` and ``glow`` (cd/m2) as (N, 3), and ``gloss`` (N,) from 0 to 1."""

    albedo: Floats
    glow: Floats
    gloss: Floats


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
    grain = 1 + contrast * _noise(points)
    albedo = points.colour * np.clip(grain, 0.15, 2.2)[:, None]
    glow = np.zeros_like(albedo)
    gloss = _by_kind(_GLOSS)[points.kind]
    on_road = points.kind == Kind.ROAD
    if on_road.any():
        cover = _markings(points.place[on_road], points.footprint[on_road], road, look)
        cover = (cover * look.paint * np.clip(grain[on_road], 0.3, 1.0))[:, None]
        albedo[on_road] = albedo[on_road] * (1 - cover) + 0.75 * cover
        gloss[on_road] += 0.5 * look.wetness
    on_wall = points.kind == Kind.WALL
    if on_wall.any():
        _add_windows(points, on_wall, albedo, glow, look)
    on_lamp = points.kind == Kind.LAMP
    glow[on_lamp] = points.colour[on_lamp]
    albedo[on_lamp] = LAMP_ALBEDO
    return Surface(np.clip(albedo, 0.0, 0.95), glow, gloss)


def _by_kind(table: dict[Kind, float]) -> Floats:
    return np.array([table.get(kind, 0.0) for kind in Kind], np.float32)


@lru_cache(maxsize=1)
def _noise_table() -> Floats:
    """Return a fixed table of independent numbers, uniform in [-1, 1]."""
    generator = np.random.default_rng(20231120)
    return generator.uniform(-1, 1, (_TABLE, _TABLE)).astype(np.float32)


def _noise(points: Points) -> Floats:
    """Return band-limited noise on the two axes across the face's main axis."""
    first = np.where(points.axis == 0, points.place[:, 1], points.place[:, 0])
    second = np.where(points.axis == 2, points.place[:, 1], points.place[:, 2])
    shift = (points.identity % 9973).astype(np.float32) * 3.7
    total = np.zeros(len(first), np.float32)
    for grain, weight in _SCALES:
        strength = weight * np.clip(1.4 - points.footprint / grain, 0, 1)
        fine = np.flatnonzero(strength)
        across, down = ((axis + shift)[fine] / grain for axis in (first, second))
        total[fine] += strength[fine] * _table_at(across, down)
    return total


def _table_at(across: Floats, down: Floats) -> Floats:
    """Return the table between its entries, repeated without end."""
    rows = 1 + len(across) // 4096
    padded = np.zeros((2, rows * 4096), np.float32)
    # As np.mod, which takes ten times as long.
    padded[0, : len(across)] = across - _TABLE * np.floor(across / _TABLE)
    padded[1, : len(across)] = down - _TABLE * np.floor(down / _TABLE)
    maps = padded.reshape(2, rows, 4096)
    found = cv2.remap(
        _noise_table(), maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )
    return np.asarray(found).ravel()[: len(across)]


def _markings(place: Floats, footprint: Floats, road: Road, look: Look) -> Floats:
    """Return how much of each point's pixel is road paint, 0 to 1."""
    along, left = place[:, 0], place[:, 1]
    dashed = (np.mod(along, sum(look.dash)) < look.dash[0]).astype(np.float32)
    cover = np.zeros(len(along), np.float32)
    for lane in range(-road.lanes_right, road.lanes_left + 1):
        line = _line(left - lane * road.lane_width, 0.07, footprint)
        is_edge = lane in (-road.lanes_right, road.lanes_left)
        if is_edge and not look.has_edge_lines:
            continue
        is_solid = is_edge or (lane == 0 and look.is_centre_solid)
        cover = np.maximum(cover, line if is_solid else line * dashed)
    phase = np.mod(along, look.crossing_spacing)
    stripes = np.mod(left, 1.0) < 0.5
    return np.maximum(cover, ((phase > 20) & (phase < 23.5) & stripes).astype(np.float32))


def _line(offset: Floats, half_width: float, footprint: Floats) -> Floats:
    """Return the share of a pixel that a line covers."""
    edge = (half_width - np.abs(offset)) / footprint + 0.5
    thin = np.minimum(1.0, 2 * half_width / footprint)
    return np.asarray(np.clip(edge, 0, 1) * thin, np.float32)


def _hash(*numbers: Integers) -> Floats:
    """Return a number in [0, 1) for whole numbers."""
    mixed = np.zeros(len(numbers[0]), np.uint32)
    for number in numbers:
        mixed = (mixed ^ number.astype(np.uint32)) * np.uint32(0x9E3779B1)
        mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    return np.asarray(mixed / np.float32(4294967296.0), np.float32)


def _add_windows(
    points: Points, on_wall: np.ndarray[tuple[int], np.dtype[np.bool_]],
    albedo: Floats, glow: Floats, look: Look,
) -> None:  # fmt: skip
    """Draw the windows of the walls into albedo and glow."""
    index = np.flatnonzero(on_wall & (points.axis != 2))
    place, number = points.place[index], points.identity[index]
    style = _hash(number, np.full_like(number, 7))
    cell = 1.6 + 2.0 * style
    across, up = (place[:, 0] + place[:, 1]) / cell, place[:, 2] / 3.0
    column, floor = np.floor(across).astype(np.int32), np.floor(up).astype(np.int32)
    is_shop = (floor == 0) & (_hash(number, np.full_like(number, 3)) < look.shops)
    margin = np.where(is_shop, 0.06, 0.2 + 0.12 * _hash(number, np.full_like(number, 5)))
    inside_across = np.abs(across - column - 0.5) < 0.5 - margin
    inside = inside_across & (up - floor > 0.3 - 0.2 * is_shop) & (up - floor < 0.85)
    window = index[inside]
    dice = _hash(number, column, floor)[inside]
    bright = _hash(number, floor, column + 977)[inside]
    lit = dice < np.where(is_shop[inside], 0.8, look.lit_windows)
    albedo[window] = 0.05
    warm = np.stack([np.ones_like(bright), 0.6 + 0.3 * bright, 0.25 + 0.6 * bright], 1)
    level = look.window_radiance * (0.1 + bright**2) * np.where(is_shop[inside], 3.0, 1.0)
    glow[window] = warm * (level * lit)[:, None]
