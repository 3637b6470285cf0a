"""
The one interface behind which a model of depth stands, whatever computes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from torch import Tensor

from steps_ros.core.camera import Camera
from steps_ros.inference.network_size import Size


class DepthModel(Protocol):
    """
    Pictures to depth, on a device; keeps no state between pictures.

    ``sees_enhanced`` says whether it is given enhanced pictures, ``sees_rays`` whether its depth
    depends on the camera, ``is_scalable`` whether a factor makes metres of its depth: not where
    inverse depth has an unknown shift as well.
    """

    sees_enhanced: bool
    sees_rays: bool
    is_scalable: bool

    @property
    def precision(self) -> str:
        """Return the name of its number type."""
        ...

    @property
    def engine(self) -> str:
        """Return what computes it."""
        ...

    @property
    def described(self) -> Mapping[str, str]:
        """Return what reports say of it beyond that."""
        ...

    def network_size(self, height: int, width: int) -> Size:
        """Return the (height, width) at which it sees an image of this size."""
        ...

    @property
    def described_size(self) -> str:
        """Return that size in words."""
        ...

    def output(self, pictures: Tensor, cameras: Sequence[Camera]) -> Tensor:
        """
        Return what the model says, unaltered.

        :param pictures: (B, 3, H, W) float32 RGB in [0, 1], of the network's size.
        :param cameras: took the pictures, each of the size that the image had.
        :returns: (B, 1, h, w) float32, on the device of the pictures.
        """
        ...

    def depth(self, output: Tensor) -> Tensor:
        """Return depth (B, 1, h, w) for such an output: positive, NaN where it is not known."""
        ...
