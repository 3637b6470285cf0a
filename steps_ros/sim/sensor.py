"""
From radiance to an 8-bit picture: exposure, glare, noise, white balance, tone curve.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.mesh import Floats

# Radiance above this many times the white level glares no more: it bounds a lamp's halo.
_GLARE_LIMIT = 80.0


@dataclass(frozen=True)
class Sensor:
    """
    One camera's electronics and lens.

    ``mean_level`` is the mean grey level that its exposure aims at, of 255; ``full_well`` and
    ``read_noise`` in electrons; ``softness`` and ``glare_width`` in pixels per 320 of width.
    """

    mean_level: float
    full_well: float
    read_noise: float
    white_balance: tuple[float, float, float]
    gamma: float
    black_cut: float
    vignetting: float
    softness: float
    glare: float
    jpeg_quality: int


def draw_sensor(generator: np.random.Generator, time: str) -> Sensor:
    """Draw a camera; by night it is darker and noisier."""
    night = time == 'night'
    darkest, brightest = (7.0, 42.0) if night else (75.0, 145.0)
    red, blue = generator.normal(0.0, 0.1, 2)
    return Sensor(
        mean_level=_between(generator, darkest, brightest),
        full_well=_between(generator, 400.0, 6000.0) if night else 8000.0,
        read_noise=_between(generator, 0.8, 6.0) if night else 3.0,
        white_balance=(math.exp(red), 1.0, math.exp(blue)),
        gamma=float(generator.uniform(1.8, 2.4)),
        black_cut=float(generator.uniform(0.0, 0.004)) * night,
        vignetting=float(generator.uniform(0.0, 0.5)),
        softness=float(generator.uniform(0.45, 0.8)),
        glare=_between(generator, 0.2, 2.0),
        jpeg_quality=int(generator.integers(60, 96)) if generator.random() < 0.5 else 100,
    )


def exposure_gain(radiance: Floats, sensor: Sensor) -> float:
    """Return the factor on radiance (H, W, 3) that meets the sensor's mean level."""
    sample = radiance[::3, ::3] * _balance(sensor)
    target = sensor.mean_level / 255
    low, high = -14.0, 14.0
    for _ in range(24):
        middle = (low + high) / 2
        level = float(np.mean(_tone(sample * math.exp(middle), sensor)))
        low, high = (middle, high) if level < target else (low, middle)
    return math.exp(middle)


def develop(
    radiance: Floats, gain: float, sensor: Sensor, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """
    Take one picture.

    :param radiance: (H, W, 3) cd/m2 of linear RGB.
    :param gain: exposure, from :func:`exposure_gain`.
    :returns: (H, W, 3) uint8 RGB.
    """
    height, width = radiance.shape[:2]
    light = np.minimum(radiance * gain, _GLARE_LIMIT).astype(np.float32)
    light = _through_lens(light, sensor, width / 320) * _vignette(height, width, sensor)[..., None]
    light = np.minimum(light, 1.2)
    variance = light / sensor.full_well + (sensor.read_noise / sensor.full_well) ** 2
    noise = generator.standard_normal(light.shape, np.float32)
    noisy = (light + noise * np.sqrt(variance)) * _balance(sensor)
    picture = np.rint(_tone(noisy, sensor) * 255).astype(np.uint8)
    if sensor.jpeg_quality == 100:
        return picture
    _, packed = cv2.imencode(
        '.jpg', picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, sensor.jpeg_quality)
    )
    decoded = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def _between(generator: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return math.exp(generator.uniform(math.log(low), math.log(high)))


def _balance(sensor: Sensor) -> Floats:
    return np.asarray(sensor.white_balance, np.float32)


def _tone(light: Floats, sensor: Sensor) -> Floats:
    """Map linear light to display levels in [0, 1]."""
    cut = np.clip(light - sensor.black_cut, 0, 1)
    return np.asarray(cut ** (1 / sensor.gamma), np.float32)


def _through_lens(light: Floats, sensor: Sensor, scale: float) -> Floats:
    """Return the light after the lens: a soft point, and halos round what is too bright."""
    soft = cv2.GaussianBlur(light, (0, 0), sensor.softness * scale)
    bright = np.maximum(light - 1.0, 0)
    near = cv2.GaussianBlur(bright, (0, 0), 1.8 * scale)
    small = cv2.resize(bright, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    wide = cv2.GaussianBlur(small, (0, 0), 2.0 * scale) + 0.5 * cv2.GaussianBlur(
        small, (0, 0), 6.0 * scale
    )
    halo = cv2.resize(wide, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft + sensor.glare * (0.03 * near + 0.012 * halo))


def _vignette(height: int, width: int, sensor: Sensor) -> Floats:
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * (height / width)
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None]
    return np.asarray(1 - sensor.vignetting * (rows**2 + columns**2) / (1 + (height / width) ** 2))
