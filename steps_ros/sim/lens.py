"""
The lens: which ray each pixel sees, and where a point appears in the picture.

A bent lens is OpenCV's ``plumb_bob``. Rays are bent before they are cast, so that depth, flow and
instances are exact in the bent picture.
"""

from __future__ import annotations

from functools import lru_cache
import math

import cv2
import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.core.distortion import coefficients, is_bent
from steps_ros.data.distortion import rays_at
from steps_ros.sim.mesh import Floats
from steps_ros.sim.road import Doubles

# Displacement at the picture's corner, as a share of its distance from the centre. Below -0.148
# a cubic lens would have no ray for the corner.
_BARREL, _CUSHION = -0.1, 0.03
_EXACT = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-14)


def draw_distortion(camera: Camera, generator: np.random.Generator) -> tuple[float, ...]:
    """Draw plumb_bob coefficients (k1 k2 p1 p2 k3) that bend this camera's corners a little."""
    across = max(camera.cx, camera.width - camera.cx) / camera.fx
    down = max(camera.cy, camera.height - camera.cy) / camera.fy
    corner = math.hypot(across, down)
    cubic = generator.uniform(_BARREL, _CUSHION)
    quintic = -0.2 * cubic * generator.random()
    skew = 0.002 * generator.standard_normal(2)
    return (
        cubic / corner**2, quintic / corner**4, skew[0] / corner, skew[1] / corner, 0.0
    )  # fmt: skip


@lru_cache(maxsize=4)
def exact_rays(camera: Camera) -> Doubles:
    """Return (3, H*W) rays in camera axes with z = 1, row by row."""
    rows, columns = np.mgrid[: camera.height, : camera.width].reshape(2, -1).astype(np.float64)
    across, down = (columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy
    if is_bent(camera):
        across, down = rays_at(np.stack([columns, rows], -1), camera, _EXACT).T
    rays = np.stack([across, down, np.ones_like(across)])
    rays.flags.writeable = False
    return rays


@lru_cache(maxsize=4)
def pixel_rays(camera: Camera) -> Floats:
    """Return (H*W, 3) rays in camera axes with z = 1, row by row, in single precision."""
    rays = np.ascontiguousarray(exact_rays(camera).T, np.float32)
    rays.flags.writeable = False
    return rays


def project(camera: Camera, points: Doubles) -> tuple[Doubles, Doubles]:
    """
    Return the columns and rows (N,) at which points (3, N) in camera axes appear.

    Points behind the camera have no meaningful place; NaN where the polynomial of a bent lens
    would fold what is far off the axis back into the picture.
    """
    with np.errstate(invalid='ignore', divide='ignore'):
        across, down = points[0] / points[2], points[1] / points[2]
        if is_bent(camera):
            across, down = _bent(camera, across, down)
    return camera.fx * across + camera.cx, camera.fy * down + camera.cy


def _bent(camera: Camera, across: Doubles, down: Doubles) -> tuple[Doubles, Doubles]:
    """Return the places of rays on the image plane, as the plumb_bob model bends them."""
    k1, k2, p1, p2, k3 = coefficients(camera)
    squared = across * across + down * down
    radial = 1 + squared * (k1 + squared * (k2 + squared * k3))
    radial = np.where(squared < _fold(camera), radial, np.nan)
    both = 2 * across * down
    return (
        across * radial + p1 * both + p2 * (squared + 2 * across * across),
        down * radial + p2 * both + p1 * (squared + 2 * down * down),
    )


@lru_cache(maxsize=4)
def _fold(camera: Camera) -> float:
    """Return the squared tangent off the axis from which on the lens runs back, or inf."""
    k1, k2, _, _, k3 = coefficients(camera)
    roots = np.roots([7 * k3, 5 * k2, 3 * k1, 1])
    ahead = roots.real[(abs(roots.imag) < 1e-12) & (roots.real > 0)]
    return float(ahead.min()) if len(ahead) else math.inf
