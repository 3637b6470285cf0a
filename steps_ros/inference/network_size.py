"""
The size at which a network sees a picture: multiples of 32, at least 64.
"""

from __future__ import annotations

from functools import lru_cache
import math

from steps_ros.core.resnet import STRIDE
from steps_ros.errors import SettingsError
from steps_ros.limits import require_within

Size = tuple[int, int]
LEAST_SIZE = 2 * STRIDE
# Of the shape that most cameras have, for networks that see pictures in their own.
USUAL_PICTURE = (450, 800)


def rounded(length: int) -> int:
    """Return the next length that a network can take."""
    return max(LEAST_SIZE, -(-length // STRIDE) * STRIDE)


def checked(size: Size | None) -> Size | None:
    """
    Return a (height, width) as it is.

    :raises SettingsError: no network can take it, or it is above ``image_pixels``.
    """
    if size is not None:
        what = f'network size {size[0]}x{size[1]}'
        require_within('image_pixels', size[0] * size[1], what, SettingsError)
    if size is not None and any(n % STRIDE or n < LEAST_SIZE for n in size):
        raise SettingsError(
            f'network size {size[0]}x{size[1]}: height and width must be multiples of {STRIDE} '
            f'and at least {LEAST_SIZE}; try {rounded(size[0])}x{rounded(size[1])}'
        )
    return size


@lru_cache(maxsize=64)
def fitting_size(aspect: float, like: Size) -> Size:
    """
    Return the (height, width) with about an aspect and about as many pixels as another size.

    The aspect counts twice as much as the number of pixels.

    :param aspect: width / height.
    """

    def misfit(size: Size) -> float:
        height, width = size
        shape = abs(math.log(width / height / aspect))
        return 2 * shape + abs(math.log(height * width / (like[0] * like[1])))

    lengths = range(LEAST_SIZE, 4 * max(like) + 1, STRIDE)
    return min(((height, width) for height in lengths for width in lengths), key=misfit)
