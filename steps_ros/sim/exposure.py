"""
A camera's automatic exposure: what it finds right for a picture, and how it follows a drive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import math

import numpy as np

from steps_ros.sim.mesh import Floats
from steps_ros.sim.motion_blur import Halfs
from steps_ros.sim.optics import GLARE_LIMIT, through_lens
from steps_ros.sim.sensor import develop, draw_sensor, Negative, Picture, Sensor
from steps_ros.sim.tone import toned, white_share

# So many rows of a picture are metered, whatever its size.
METERED_ROWS = 48
# To keep something of dark surroundings it accepts so many times its share of white.
_YIELDS = 3.0
_STEPS, _SAMPLES = 16, 24


def exposure_gain(radiance: Floats | Halfs, sensor: Sensor) -> float:
    """Return the largest factor on radiance (H, W, 3) at which nothing is too bright for it."""
    step = max(1, round(len(radiance) / METERED_ROWS))
    sample = radiance[::step, ::step].astype(np.float32)
    below = int(sensor.meters_below * len(sample))
    # Rain falls anew in each picture, and weighs little.
    optics, still = replace(sensor.optics, rain=0.0), np.random.default_rng(0)
    low, high = -14.0, math.log(sensor.most_gain)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        light = np.minimum(sample * np.float32(math.exp(middle)), GLARE_LIMIT)
        picture = toned(through_lens(light, optics, still), sensor.tone)
        white, metered = white_share(picture), picture[below:]
        is_dark = np.median(metered) < sensor.shadows / 255
        spares = white <= sensor.highlights * (_YIELDS if is_dark else 1.0)
        if spares and metered.mean() < sensor.mean_level / 255:
            low = middle
        else:
            high = middle
    return math.exp(low)


def followed(metered: Callable[[int], float], memory_s: float, seconds: float) -> float:
    """
    Return the gain at a time of a drive: slow, and true to what was metered before.

    :param metered: returns the gain that was found right at a whole second from 0 on.
    :param memory_s: over how long the gain, as a logarithm, is averaged; before the start
        it was that of second 0.
    """
    times = np.maximum(seconds - memory_s * np.linspace(0, 1, _SAMPLES), 0)
    # What is metered at a second is reached a second later.
    reached = np.maximum(times - 1, 0)
    first, last = math.floor(reached.min()), math.floor(reached.max()) + 1
    last = min(last, math.floor(seconds))
    numbers = list(range(first, last + 1))
    levels = [math.log(metered(number)) for number in numbers]
    return math.exp(np.interp(reached, numbers, levels).mean())


def expose(scene: Negative, time: str, generator: np.random.Generator) -> Picture:
    """Take one picture (H, W, 3) by a camera drawn anew, of a ``night`` or a ``day``."""
    sensor = draw_sensor(generator, time, scene.wetness)
    return develop(scene, exposure_gain(scene.radiance, sensor), sensor, generator)
