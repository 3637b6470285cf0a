"""
Halos that mist and rain in the air draw round lamps.
"""

from __future__ import annotations

import cv2
import numpy as np

from steps_ros.sim.mesh import Floats

# Of the light that droplets turn aside, this much arrives near the way it came.
_FORWARD = 0.6
# Widths in radians and the share of each; the sky's lamps hang somewhere before it.
_HALOS = ((0.012, 0.5), (0.05, 0.3), (0.16, 0.2))
_MOST_METRES, _MOST_TURNED = 120.0, 2.5


def with_halos(picture: Floats, depth: Floats, fog: float, focal: float) -> Floats:
    """
    Return the radiance (H, W, 3) of a picture with what mist scatters towards the camera.

    :param depth: (H, W) metres, +inf for sky.
    :param fog: extinction per metre.
    :param focal: focal length in pixels.
    """
    # What arrives has lost so much on its way, and a part of that comes by a detour.
    lost = np.expm1(np.minimum(fog * np.minimum(depth, _MOST_METRES), _MOST_TURNED))
    turned = (_FORWARD * picture * lost[..., None]).astype(np.float32)
    small = cv2.resize(turned, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    halo = np.zeros_like(small)
    for width, share in _HALOS:
        halo += share * cv2.GaussianBlur(small, (0, 0), max(0.3, 0.25 * width * focal))
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(picture + cv2.resize(halo, size, interpolation=cv2.INTER_LINEAR))
