"""
From radiance to an 8-bit picture: exposure, motion blur, lens, noise, white balance, tone curve.

A street is drawn once and exposed as often as wanted: a :class:`Negative` keeps all that a
picture needs.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.mesh import Floats
from steps_ros.sim.motion_blur import blurred, Halfs
from steps_ros.sim.optics import draw_optics, GLARE_LIMIT, Optics, through_lens
from steps_ros.sim.tone import draw_tone, MOST_LIGHT, sharpened, Tone, toned

Picture = NDArray[np.uint8]
_MOST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Negative:
    """
    What reaches the lens, before any camera.

    ``radiance`` (H, W, 3) cd/m2 of linear RGB; ``motion`` (H, W, 2) pixels per second to the
    right and down; ``depth`` (H, W) metres along the optical axis, +inf for sky;
    ``wetness`` of the road, 0 to 1.
    """

    radiance: Halfs
    motion: Halfs
    depth: Halfs
    wetness: float


@dataclass(frozen=True)
class Sensor:
    """
    One camera.

    ``mean_level`` is the mean grey level that its exposure aims at, of 255, below the share
    ``meters_below`` of the picture's height; no more than the share ``highlights`` is to be white,
    or a few times as much while half the picture is below level ``shadows``. ``most_gain`` is what
    its amplifier can do, in white levels per cd/m2; ``memory_s`` is over how long its exposure
    averages. ``full_well`` and ``read_noise`` in electrons; ``grain`` is the noise's size in
    pixels; ``shutter_s`` is how long it is open.
    """

    mean_level: float
    meters_below: float
    highlights: float
    shadows: float
    most_gain: float
    memory_s: float
    shutter_s: float
    full_well: float
    read_noise: float
    grain: float
    jpeg_quality: int
    tone: Tone
    optics: Optics


def negative(radiance: Floats, motion: Floats, depth: Floats, wetness: float) -> Negative:
    """Keep a rendering; what is brighter than half precision can say is as bright as it can."""
    return Negative(
        np.minimum(radiance, _MOST).astype(np.float16),
        np.nan_to_num(np.clip(motion, -_MOST, _MOST)).astype(np.float16),
        depth.astype(np.float16),
        wetness,
    )


def draw_sensor(generator: np.random.Generator, time: str, wetness: float = 0.0) -> Sensor:
    """Draw a camera; by night it is darker, noisier and slower."""
    night = time == 'night'
    return Sensor(
        mean_level=_between(generator, 9.0, 62.0) if night else _between(generator, 64.0, 96.0),
        meters_below=0.0 if night else float(generator.uniform(0.48, 0.62)),
        highlights=_between(generator, 1e-3, 3.5e-3) if night else _between(generator, 0.25, 1.5),
        shadows=float(generator.uniform(4.0, 8.0)) * night,
        most_gain=_between(generator, 0.2, 3.0),
        memory_s=float(generator.uniform(2.0, 3.5)),
        shutter_s=_between(generator, 1 / 250, 1 / 20 if night else 1 / 100)
        / (1 if night else 10),
        full_well=_between(generator, 2500.0, 30000.0)
        if night
        else _between(generator, 2000.0, 9000.0),
        read_noise=_between(generator, 0.6, 4.5) if night else 3.0,
        grain=float(generator.uniform(0.3, 0.9)),
        jpeg_quality=int(generator.integers(60, 96)) if generator.random() < 0.5 else 100,
        tone=draw_tone(generator, night),
        optics=draw_optics(generator, wetness),
    )


def develop(
    scene: Negative, gain: float, sensor: Sensor, generator: np.random.Generator
) -> Picture:
    """
    Take one picture.

    :param gain: exposure, from :mod:`~steps_ros.sim.exposure`.
    :returns: (H, W, 3) uint8 RGB.
    """
    light = np.minimum(scene.radiance.astype(np.float32) * np.float32(gain), GLARE_LIMIT)
    light = blurred(light, scene.motion, scene.depth, sensor.shutter_s)
    light = np.minimum(through_lens(light, sensor.optics, generator), MOST_LIGHT)
    variance = light / sensor.full_well + (sensor.read_noise / sensor.full_well) ** 2
    noise = cv2.GaussianBlur(
        generator.standard_normal(light.shape, np.float32), (0, 0), sensor.grain
    )
    noise *= np.sqrt(variance) / noise[::4, ::4].std()
    display = sharpened(toned(light + noise, sensor.tone), sensor.tone)
    picture = np.rint(display * 255).astype(np.uint8)
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
