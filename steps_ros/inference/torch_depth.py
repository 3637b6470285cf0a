"""
The depth network of a checkpoint, computed by torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache

import torch
from torch import Tensor

from steps_ros.core.camera import Camera
from steps_ros.core.depth_net import DepthNet
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.inference.network_size import checked, fitting_size, rounded, Size
from steps_ros.inference.rays import camera_rays


class TorchDepth:
    """
    A copy of the network on a device, as a :class:`steps_ros.inference.depth_model.DepthModel`.

    :param size: (height, width) that the user wants, multiples of 32 from 64 on.
    :param stored_size: the size in the checkpoint, for where the user wants none. A network that
        sees rays takes its number of pixels alone and keeps each image's shape. Where it is None
        too, each image has its own, rounded up.
    :raises SettingsError: a size that cannot be.
    """

    engine = 'torch'
    sees_enhanced = True
    is_scalable = True

    def __init__(
        self,
        network: DepthNet,
        size: Size | None,
        stored_size: Size | None,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.precision = str(dtype).removeprefix('torch.')
        self.described: Mapping[str, str] = {}
        self._size = checked(size or stored_size)
        self._keeps_shape = size is None and network.config.sees_rays
        self._dtype = dtype
        # A copy, so that the checkpoint stays as it is for its other users.
        network = deepcopy(network).to(device, dtype).eval()
        # Channels-last is what convolutions of every backend run fastest on.
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def network_size(self, height: int, width: int) -> Size:
        """Return the (height, width) at which the network sees an image of this size."""
        if self._size is None:
            return rounded(height), rounded(width)
        return fitting_size(width / height, self._size) if self._keeps_shape else self._size

    @property
    def described_size(self) -> str:
        """Return the network's size in words."""
        if self._size is None:
            return "each image's own"
        size = f'{self._size[0]}x{self._size[1]}'
        return f"about {size}, in each image's shape" if self._keeps_shape else size

    def output(self, pictures: Tensor, cameras: Sequence[Camera]) -> Tensor:
        """
        Return the finest disparity, (B, 1, H, W) in (0, 1).

        :raises FrameError: the network sees rays, and a lens cannot be.
        """
        seen = pictures.to(self._dtype, memory_format=torch.channels_last)
        rays = None
        if self._network.config.sees_rays:
            height, width = seen.shape[-2:]
            resized = [camera.resized(width, height) for camera in cameras]
            rays = torch.cat([_rays(camera, seen.device, self._dtype) for camera in resized])
        disparity: Tensor = self._network.disparity(seen, rays)
        return disparity.float()

    def depth(self, output: Tensor) -> Tensor:
        """Return depth in the network's own unit, (B, 1, H, W)."""
        config = self._network.config
        return disparity_to_depth(output, config.min_depth, config.max_depth)


@lru_cache(maxsize=32)
def _rays(camera: Camera, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return (1, 2, H, W); copied to the device once per camera."""
    return torch.from_numpy(camera_rays(camera).copy())[None].to(device, dtype)
