"""
What surfaces mirror: wet asphalt, glass and car paint.

A film of water mirrors as water does, by Fresnel's law, and what it mirrors is drawn out towards
the camera, since asphalt is rough below.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.sim.lamps import Lamps
from steps_ros.sim.mesh import Floats, Integers, Kind

_GLASS, _PAINT, _WET_ROAD, _WET_PAVEMENT = 0.9, 0.5, 0.8, 0.4
# Shares of the picture's height and width.
_DRAWN_OUT, _ASIDE = (0.016, 0.055), 0.003


def mirror_share(kind: Integers, cosine: Floats, wetness: float) -> Floats:
    """
    Return how much of the light from the mirrored direction surfaces send on, 0 to 1, (N,).

    :param kind: (N,) of :class:`~steps_ros.sim.mesh.Kind`.
    :param cosine: (N,) between the surface's normal and the ray.
    """
    film = wetness**0.5
    smooth = np.zeros(len(Kind), np.float32)
    smooth[[Kind.GLASS, Kind.PAINT, Kind.LIVERY]] = _GLASS, _PAINT, _PAINT
    smooth[[Kind.ROAD, Kind.PAVEMENT]] = film * _WET_ROAD, film * _WET_PAVEMENT
    fresnel = 0.03 + 0.97 * np.clip(1 - cosine, 0, 1) ** 5
    return np.asarray(smooth[kind] * fresnel, np.float32)


def mirrored_lamps(lamps: Lamps, position: Floats, normal: Floats) -> Lamps:
    """Return where lamps appear in the plane that fits points (N, 3) with normals (N, 3)."""
    up = normal.mean(0)
    up /= np.linalg.norm(up)
    above = lamps.position @ up - np.median(position @ up)
    places = (lamps.position - 2 * above[:, None] * up).astype(np.float32)
    return Lamps(places, lamps.direction, lamps.intensity, lamps.beam, lamps.reach)


def drawn_out(image: Floats, is_known: NDArray[np.bool_]) -> Floats:
    """
    Return what a rough mirror makes of a picture (H, W, 3).

    :param is_known: (H, W) where the picture is known, every second row and column at least.
    """
    height, width = is_known.shape
    cover = is_known.astype(np.float32)
    both = np.dstack([image * cover[..., None], cover])
    near, far = (
        cv2.GaussianBlur(
            both, (0, 0), sigmaX=max(0.6, _ASIDE * width), sigmaY=max(0.6, drawn * height)
        )
        for drawn in _DRAWN_OUT
    )
    total = near + far
    return np.asarray(total[..., :3] / np.maximum(total[..., 3:], 1e-6), np.float32)
