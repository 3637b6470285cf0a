"""
Simulated pictures as other cameras would have taken them: cropped, mirrored, brighter, noisier.

And as they might look in another world: what a simulation gives a colour, real streets may give
another, and a network that learns "blue and smooth is sky" finds the sky in a blue wall.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.frames import Image
from steps_ros.inference.rays import camera_rays

Halfs = NDArray[np.float16]
Floats = NDArray[np.float32]

NARROWEST, WIDEST = 1.25, 3.4
LEAST_WIDTH = 0.6
# Where the optical axis lies in a window, as a share of its width and height.
AXIS_ACROSS, AXIS_DOWN = (0.42, 0.58), (0.25, 0.75)
UNKNOWN_CAMERA = 0.1
# Share of the pictures that get other colours and textures, and the widths of the filters.
REPAINTED, FILTER_WIDTHS = 0.4, (1, 3, 5)


class Sample(NamedTuple):
    """
    A picture uint8 (H, W, 3) RGB, its depth float16 (H, W), and its rays float32 (2, H, W).

    Rays are None where the camera shall be unknown.
    """

    image: Image
    depth: Halfs
    rays: Floats | None


def draw_aspect(generator: np.random.Generator) -> float:
    """Return the width / height of some camera's pictures, every ratio as often as another."""
    return math.exp(generator.uniform(math.log(NARROWEST), math.log(WIDEST)))


def draw_sample(
    image: Image,
    depth: Halfs,
    camera: Camera,
    size: tuple[int, int],
    generator: np.random.Generator,
) -> Sample:
    """
    Return a window of a picture at ``size`` (height, width), mirrored or not, changed in tone.

    Depth stays exact, and the rays are those of the window.

    :param camera: of the picture, with its size.
    """
    height, width = size
    left, top, across, down = _draw_window(camera, width / height, generator)
    rows = top + np.arange(height) * down // height
    columns = left + np.arange(width) * across // width
    seen = cv2.resize(
        image[top : top + down, left : left + across], (width, height),
        interpolation=cv2.INTER_AREA,
    )  # fmt: skip
    there = depth[rows[:, None], columns[None]]
    window = camera.cropped(left, top, across, down).resized(width, height)
    rays = None if generator.random() < UNKNOWN_CAMERA else camera_rays(window)
    if generator.random() < 0.5:
        seen, there = seen[:, ::-1], there[:, ::-1]
        rays = None if rays is None else _mirrored(rays)
    return Sample(_toned(seen, generator), np.ascontiguousarray(there), rays)


def _draw_window(
    camera: Camera, aspect: float, generator: np.random.Generator
) -> tuple[int, int, int, int]:
    """Return left, top, width and height of a window of about an aspect around the axis."""
    most = min(camera.width, camera.height * aspect)
    across = most * generator.uniform(LEAST_WIDTH, 1.0)
    down = across / aspect * math.exp(generator.normal(0, 0.03))
    down = min(down, camera.height)
    left = _draw_start(camera.cx, across, camera.width, AXIS_ACROSS, generator)
    top = _draw_start(camera.cy, down, camera.height, AXIS_DOWN, generator)
    return left, top, int(across), int(down)


def _draw_start(
    axis: float,
    length: float,
    whole: int,
    shares: tuple[float, float],
    generator: np.random.Generator,
) -> int:
    """Return where a window begins, inside the whole, the axis at one of the shares of it."""
    start = axis - length * generator.uniform(*shares)
    return int(np.clip(start, 0, whole - int(length)))


def _mirrored(rays: Floats) -> Floats:
    across, down = rays[:, :, ::-1]
    return np.stack((-across, down))


def repainted(light: Floats, generator: np.random.Generator) -> Floats:
    """
    Return a picture (H, W, 3) mixed with itself behind a random filter, its edges where they were.

    Channels keep their mean and spread. RandConv of Xu et al. (ICLR 2021).
    """
    width = int(generator.choice(FILTER_WIDTHS))
    kernels = generator.standard_normal((3, 3, width, width))
    painted = np.stack(
        [
            sum(cv2.filter2D(light[..., n], cv2.CV_32F, kernel[n]) for n in range(3))
            for kernel in kernels
        ],
        axis=2,
    )
    spread = light.std((0, 1)) / np.maximum(painted.std((0, 1)), 1e-6)
    painted = (painted - painted.mean((0, 1))) * spread + light.mean((0, 1))
    share = np.float32(generator.random())
    return np.asarray(np.clip(share * painted + (1 - share) * light, 0, None), np.float32)


def _toned(image: Image, generator: np.random.Generator) -> Image:
    """Change what a camera might: exposure, tone, tint, sharpness, noise."""
    gain, tone = np.exp(generator.normal(0, 0.2)), np.exp(generator.normal(0, 0.12))
    tint = np.exp(generator.normal(0, 0.08, 3)).astype(np.float32)
    light = (image.astype(np.float32) / 255) ** np.float32(tone) * (np.float32(gain) * tint)
    if generator.random() < REPAINTED:
        light = repainted(light, generator)
    if generator.random() < 0.08:
        light = np.repeat(light.mean(2, keepdims=True), 3, axis=2)
    if generator.random() < 0.3:
        light = cv2.GaussianBlur(light, (0, 0), generator.uniform(0.3, 1.2) * image.shape[1] / 320)
    if generator.random() < 0.4:
        noise = generator.standard_normal(light.shape, np.float32)
        light = light + noise * np.float32(generator.uniform(0.0, 0.03))
    return np.asarray(np.rint(np.clip(light, 0, 1) * 255), np.uint8)
