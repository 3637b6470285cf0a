"""
Numbers of the instance mask: which object a pixel shows, and from its range what kind of object.

An object keeps its number for a whole street; in a drive through several streets the numbers
begin anew with each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOTHING = 0


class NumberRange(NamedTuple):
    """``size`` numbers from ``first`` on; beyond them the first ones come again."""

    first: int
    size: int

    def number(self, index: int) -> int:
        """Return the number of the object with this index among its kind."""
        return self.first + index % self.size

    def holds(self, instance: NDArray[np.uint16]) -> NDArray[np.bool_]:
        """Say which pixels of a mask show an object of this kind."""
        return (instance >= self.first) & (instance < self.first + self.size)


# Road, buildings, trees, posts, signs: all that stands and is neither vehicle nor person.
STANDING = NumberRange(1, 29_999)
PARKED = NumberRange(30_000, 10_000)
PERSON = NumberRange(40_000, 10_000)
# In traffic: those that drive, and those that wait at a crossing.
VEHICLE = NumberRange(50_000, 15_535)
# The own vehicle's bonnet.
EGO = 65_535


def place_number(along: float, side: int) -> int:
    """Return a number that the parts of one object share while a street is being built."""
    return 1 + 2 * round(100 * (along + 100)) + (side > 0)
