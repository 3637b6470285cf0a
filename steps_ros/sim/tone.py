"""
What a camera makes of the light on its sensor: white balance, tone curve, colours, sharpening.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import cv2
import numpy as np

from steps_ros.sim.mesh import Floats

# What is brighter than this many times the white level is white whatever the curve.
MOST_LIGHT = 60.0
_WHITE = 250 / 255


@dataclass(frozen=True)
class Tone:
    """
    One camera's processing.

    ``white_balance`` gains of red, green and blue; ``black_cut`` is taken away from the light;
    ``headroom`` is how many times the white level the curve presses into its upper end, 1 for
    none; ``gamma`` of the curve, ``contrast`` how strongly it is bent like an S; ``saturation``
    of the colours, 1 leaves them; ``sharpness`` how much of the fine detail is added once more.
    """

    white_balance: tuple[float, float, float]
    black_cut: float
    headroom: float
    gamma: float
    contrast: float
    saturation: float
    sharpness: float


def draw_tone(generator: np.random.Generator, is_night: bool) -> Tone:
    """Draw a camera's processing; by night few cameras take the warmth of lamps away."""
    red, blue = generator.normal(0.0, (0.08, 0.1) if is_night else (0.04, 0.05))
    warmth = float(generator.uniform(0.0, 0.5)) * is_night
    return Tone(
        white_balance=(math.exp(red + 0.5 * warmth), 1.0, math.exp(blue - warmth)),
        black_cut=float(0.003 * generator.random() ** 2) * is_night,
        headroom=math.exp(generator.uniform(*np.log((6.0, 150.0) if is_night else (1.0, 1.7)))),
        gamma=float(generator.uniform(1.8, 2.4)),
        contrast=float(generator.uniform(0.0, 0.5)) * (not is_night),
        saturation=float(generator.uniform(1.1, 2.0)),
        sharpness=float(generator.uniform(0.0, 1.5 if is_night else 1.1)),
    )


def toned(light: Floats, tone: Tone) -> Floats:
    """Map linear light (..., 3), in multiples of white, to display levels in [0, 1]."""
    level = np.maximum(light * np.asarray(tone.white_balance, np.float32) - tone.black_cut, 0)
    level *= (1 + level / np.float32(tone.headroom**2)) / (1 + level)
    level = np.minimum(level, 1) ** np.float32(1 / tone.gamma)
    level += tone.contrast * level * (1 - level) * (2 * level - 1)
    grey = level @ np.array([0.299, 0.587, 0.114], np.float32)
    level = grey[..., None] + tone.saturation * (level - grey[..., None])
    return np.asarray(np.clip(level, 0, 1), np.float32)


def sharpened(picture: Floats, tone: Tone) -> Floats:
    """Return display levels (H, W, 3) with their fine detail raised."""
    soft = cv2.GaussianBlur(picture, (0, 0), 0.8)
    return np.asarray(np.clip(picture + tone.sharpness * (picture - soft), 0, 1), np.float32)


def white_share(picture: Floats) -> float:
    """Return the share of pixels of which a channel is as good as white."""
    return float((picture.max(-1) >= _WHITE).mean())
