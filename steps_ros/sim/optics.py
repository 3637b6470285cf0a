"""
What glass does to light before it meets the sensor: glare, streaks, dirt, drops, vignetting.

Lengths are in pixels per 320 of width. Light is in multiples of the white level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
import math

import cv2
import numpy as np

from steps_ros.sim.mesh import Floats

# Light above this many times the white level glares no more: it bounds a lamp's halo.
GLARE_LIMIT = 80.0
# Halos are wide and need no fine pixels.
_COARSE = 0.25


@dataclass(frozen=True)
class Optics:
    """
    One lens, and the windscreen before it.

    ``spikes`` lines of light go through each lamp, the first at ``angle`` radians, ``length``
    long, as strong as ``streaks`` says. ``dirt`` is how much of a lamp's light the windscreen
    scatters. ``drops`` of water hang on it; ``rain`` is how much light those give that fall.
    ``pattern`` is the seed of dirt and drops.
    """

    softness: float
    vignetting: float
    glare: float
    streaks: float
    spikes: int
    angle: float
    length: float
    dirt: float
    drops: int
    rain: float
    pattern: int


def draw_optics(generator: np.random.Generator, wetness: float) -> Optics:
    """Draw a lens; on a wet road (``wetness`` above 0, at most 1) there may be drops and rain."""
    is_raining = generator.random() < 0.7 * wetness
    has_drops = generator.random() < 0.8
    return Optics(
        softness=float(generator.uniform(0.3, 0.7)),
        vignetting=float(generator.uniform(0.0, 0.5)),
        glare=math.exp(generator.uniform(math.log(0.15), math.log(1.8))),
        streaks=float(generator.exponential(0.4) * (generator.random() < 0.5)),
        spikes=int(generator.choice((1, 1, 2, 3, 3, 4, 7))),
        angle=float(generator.uniform(0, math.pi)),
        length=float(generator.uniform(12.0, 70.0)),
        dirt=float(generator.exponential(0.25) * (generator.random() < 0.5)),
        drops=int(generator.integers(5, 90)) * (is_raining and has_drops),
        rain=float(generator.uniform(0.0, 0.5)) * is_raining,
        pattern=int(generator.integers(2**31)),
    )


def through_lens(light: Floats, optics: Optics, generator: np.random.Generator) -> Floats:
    """
    Return the light (H, W, 3) that arrives behind the lens.

    :param generator: of this picture, for the rain that falls in it.
    """
    if optics.rain:
        light = light + optics.rain * _falling_rain(light, generator)
    if optics.drops:
        light = _through_drops(light, optics)
    soft = cv2.GaussianBlur(light, (0, 0), optics.softness * light.shape[1] / 320)
    shade = _vignette(light.shape[0], light.shape[1], optics.vignetting)
    return np.asarray((soft + _glare(light, optics)) * shade, np.float32)


def _glare(light: Floats, optics: Optics) -> Floats:
    """Return what halos, streaks and dirt add round all that is brighter than white."""
    height, width = light.shape[:2]
    scale = width / 320
    bright = np.maximum(light - 1.0, 0)
    near = cv2.GaussianBlur(bright, (0, 0), 1.8 * scale)
    small = cv2.resize(bright, None, fx=_COARSE, fy=_COARSE, interpolation=cv2.INTER_AREA)
    wide = cv2.GaussianBlur(small, (0, 0), 6.0 * scale)
    halo = optics.glare * (cv2.GaussianBlur(small, (0, 0), 2.0 * scale) + 0.5 * wide)
    if optics.dirt:
        veil = wide + 0.6 * cv2.GaussianBlur(wide, (0, 0), 12.0 * scale)
        halo += 3 * optics.dirt * _dirt(small.shape[0], small.shape[1], optics.pattern) * veil
    if optics.streaks:
        kernel = _star(optics, scale * _COARSE)
        halo += 4 * optics.streaks * cv2.filter2D(small, -1, kernel)
    spread = cv2.resize(halo, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(0.03 * optics.glare * near + 0.012 * spread, np.float32)


def _star(optics: Optics, scale: float) -> Floats:
    """Return the light of one point spread along its spikes, which fade as one over distance."""
    radius = max(2, round(optics.length * scale))
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    distance = np.hypot(rows, columns)
    fade = np.clip(1 - distance / (radius + 1), 0, 1) / (1 + distance)
    star = np.zeros_like(distance)
    for spike in range(optics.spikes):
        angle = optics.angle + math.pi * spike / optics.spikes
        aside = columns * math.sin(angle) - rows * math.cos(angle)
        star += np.exp(-((aside / 0.55) ** 2))
    return np.asarray(star * fade, np.float32)


@lru_cache(maxsize=4)
def _dirt(height: int, width: int, pattern: int) -> Floats:
    """Return how dirty the windscreen is, (H, W, 1) with a mean of 1: smears and specks."""
    generator = np.random.default_rng(pattern)
    smear = np.zeros((height, width), np.float32)
    for cells in (3, 9, 30):
        grid = generator.random((max(2, cells * height // width), cells), np.float32)
        smear += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    specks = cv2.GaussianBlur(generator.random((height, width), np.float32) ** 40, (0, 0), 0.7)
    dirt = np.maximum(smear / smear.mean(), 0) ** 3 + 12 * specks
    return np.asarray(dirt / dirt.mean(), np.float32)[..., None]


def _through_drops(light: Floats, optics: Optics) -> Floats:
    """Return the picture with drops in it, each a small blurred picture upside down."""
    height, width = light.shape[:2]
    across, down, cover = _drops(height, width, optics.drops, optics.pattern)
    hazy = cv2.GaussianBlur(light, (0, 0), 1.5 * width / 320)
    bent = cv2.remap(hazy, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(light + cover * (bent - light), np.float32)


@lru_cache(maxsize=4)
def _drops(height: int, width: int, count: int, pattern: int) -> tuple[Floats, Floats, Floats]:
    """Return where drops take their light from, and how much of each pixel they cover."""
    generator = np.random.default_rng((pattern, 1))
    down, across = np.indices((height, width), np.float32)
    cover = np.zeros((height, width, 1), np.float32)
    for _ in range(count):
        column, row = generator.random(2) * (width, height)
        radius = width / 320 * math.exp(generator.uniform(0.4, 2.1))
        tall = generator.uniform(1.0, 1.6)
        high, low = max(0, int(row - 2 * radius)), int(row + 2 * radius) + 2
        left, right = max(0, int(column - 2 * radius)), int(column + 2 * radius) + 2
        part = np.s_[high:low, left:right]
        aside, below = np.indices(cover[part].shape[:2], np.float32)[::-1]
        aside, below = aside + left - column, below + high - row
        inside = 1 - np.hypot(aside, below / tall) / radius
        is_drop = inside > 0
        across[part][is_drop] = (column - 5 * aside)[is_drop]
        down[part][is_drop] = (row - 5 * below)[is_drop]
        share = np.clip(3 * inside, 0, 0.85)[..., None]
        cover[part] = np.maximum(cover[part], share)
    return across, down, cover


def _falling_rain(light: Floats, generator: np.random.Generator) -> Floats:
    """Return the light that falling drops take from round them, as streaks, (H, W, 3)."""
    height, width = light.shape[:2]
    drops = generator.random((height, width), np.float32)
    drops = np.where(drops > 0.9965, drops * 1000 - 996, 0).astype(np.float32)
    length = max(3, round(9 * width / 320))
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    lean = length * generator.normal(0.0, 0.12)
    ends = [(round(length + side * lean), length + side * length // 2) for side in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 0.3, 1, cv2.LINE_AA)
    small = cv2.resize(light, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    around = cv2.GaussianBlur(np.minimum(small, 3), (0, 0), width / 160)
    veil = cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.filter2D(drops, -1, kernel)[..., None] * veil, np.float32)


@lru_cache(maxsize=4)
def _vignette(height: int, width: int, strength: float) -> Floats:
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * (height / width)
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None]
    shade = 1 - strength * (rows**2 + columns**2) / (1 + (height / width) ** 2)
    return np.asarray(shade[..., None], np.float32)
