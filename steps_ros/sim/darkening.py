"""
A picture taken by day as the same camera would have taken it with far less light.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

# Real pictures of night drives have a mean level of 10 to 25.
NIGHT_LEVEL = 18.0
GAMMA = 2.2


def darkened(
    picture: Picture,
    generator: np.random.Generator,
    level: float = NIGHT_LEVEL,
    full_well: float = 6000.0,
    read_noise: float = 2.5,
) -> Picture:
    """
    Return the picture with less light, the noise of that little light, and 8 bits of it.

    Light is the level without its tone curve, taken for a power. It falls everywhere alike: there
    are no lamps, and what was white is grey. A picture that is darker than ``level`` stays as
    bright as it is.

    :param picture: (H, W, 3) uint8 RGB.
    :param level: the mean grey level to come to, of 255, but for noise below black.
    :param full_well: electrons of white, whose square root is the noise of the light.
    :param read_noise: electrons, everywhere.
    """
    share = min(1.0, level / max(float(picture.mean()), 1e-6))
    electrons = full_well * (picture.astype(np.float32) / 255 * np.float32(share)) ** GAMMA
    spread = np.sqrt(electrons + read_noise**2)
    electrons += spread * generator.standard_normal(picture.shape, np.float32)
    light = np.clip(electrons / full_well, 0, 1)
    return np.asarray(np.rint(255 * light ** np.float32(1 / GAMMA)), np.uint8)
