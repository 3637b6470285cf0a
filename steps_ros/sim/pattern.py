"""
Noise, and regular detail of surfaces: joints of slabs and bricks, road repairs, cracks.

Whatever knows a footprint fades its detail out where one pixel covers more than it.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from steps_ros.sim.mesh import Floats, Integers

_TABLE = 512
_PATCH_M, _PATCHES = (7.0, 2.6), 0.14
_MANHOLE_M, _MANHOLES = (11.0, 3.1), 0.35


def hashed(*numbers: Integers) -> Floats:
    """Return a number in [0, 1) for whole numbers."""
    mixed = np.zeros(len(numbers[0]), np.uint32)
    for number in numbers:
        mixed = (mixed ^ number.astype(np.uint32)) * np.uint32(0x9E3779B1)
        mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    return np.asarray(mixed / np.float32(4294967296.0), np.float32)


def noise_at(across: Floats, down: Floats) -> Floats:
    """Return noise of grain 1 at places, uniform in [-1, 1], repeated after 512."""
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


def line(offset: Floats, half_width: float, footprint: Floats) -> Floats:
    """Return the share of a pixel that a line covers, ``offset`` metres from its middle."""
    low = np.maximum(offset - footprint / 2, -half_width)
    high = np.minimum(offset + footprint / 2, half_width)
    return np.asarray(np.maximum(high - low, 0) / footprint, np.float32)


def masonry(
    across: Floats, up: Floats, size: tuple[float, float], footprint: Floats, bond: float = 0.5
) -> tuple[Floats, Floats]:
    """
    Return where the joints of stones are, and a tone for each stone.

    :param size: length and height of a stone with its joint, in metres.
    :param bond: by how much of a stone each course is shifted against the one below.
    :returns: cover of the joints, 0 to 1, and tones from -1 to 1 that fade with distance.
    """
    length, height = size
    course = np.floor(up / height)
    along = across / length + bond * np.mod(course, 2)
    stone = np.floor(along)
    half = 0.04 * height
    beside = (np.abs(along - stone - 0.5) - 0.5) * length
    above = (np.abs(up / height - course - 0.5) - 0.5) * height
    joints = np.maximum(line(beside, half, footprint), line(above, half, footprint))
    tone = 2 * hashed(course.astype(np.int32), stone.astype(np.int32)) - 1
    return joints, tone * np.clip(1.5 - footprint / height, 0, 1)


def road_wear(along: Floats, left: Floats, footprint: Floats, lane_width: float) -> Floats:
    """Return a factor on the road's brightness: wheel tracks, repairs, joints, manholes."""
    phase = left / lane_width * (2 * np.pi)
    factor = 1 - 0.09 * np.cos(2 * phase) - 0.05 * np.cos(phase)
    cell, inside = _cells(along, left, _PATCH_M)
    chance = hashed(*cell)
    tone = np.where(chance < _PATCHES / 2, 0.68, 1.25)
    size = 0.2 + 0.28 * hashed(cell[1], cell[0])
    edge = size - np.maximum(np.abs(inside[0]), np.abs(inside[1]))
    is_patch = (chance < _PATCHES) & (edge > 0)
    factor *= np.where(is_patch, tone, 1.0)
    # Repairs are sealed with tar, lanes meet in a joint.
    seal = line(edge * _PATCH_M[1], 0.025, footprint) * (chance < _PATCHES)
    joint = line(np.mod(left + 0.35, lane_width), 0.015, footprint)
    factor *= 1 - 0.6 * np.maximum(seal, joint)
    cell, inside = _cells(along, left, _MANHOLE_M)
    away = np.hypot(inside[0] * _MANHOLE_M[0], inside[1] * _MANHOLE_M[1])
    is_there = hashed(cell[1], cell[0]) < _MANHOLES
    lid = np.clip((0.33 - away) / footprint + 0.5, 0, 1) * is_there
    ring = line(away - 0.33, 0.03, footprint) * is_there
    return np.asarray(factor * (1 - 0.35 * lid) * (1 - 0.4 * ring), np.float32)


def cracks(coarse: Floats, footprint: Floats) -> Floats:
    """Return the cover of cracks: thin lines where a noise of a few metres' grain crosses zero."""
    return np.asarray(
        np.clip(1 - np.abs(coarse) / 0.035, 0, 1) * np.clip(1.3 - footprint / 0.06, 0, 1),
        np.float32,
    )


def _cells(
    along: Floats, left: Floats, size: tuple[float, float]
) -> tuple[tuple[Integers, Integers], tuple[Floats, Floats]]:
    """Return which cell of a grid points are in, and where in it, from -0.5 to 0.5."""
    x, y = along / size[0], left / size[1]
    row, column = np.floor(x), np.floor(y)
    cell = row.astype(np.int32), column.astype(np.int32)
    return cell, (x - row - 0.5, y - column - 0.5)


@lru_cache(maxsize=1)
def _noise_table() -> Floats:
    """Return a fixed table of independent numbers, uniform in [-1, 1]."""
    generator = np.random.default_rng(20231120)
    return generator.uniform(-1, 1, (_TABLE, _TABLE)).astype(np.float32)
