"""
From an 8-bit image to enhanced image, depth and confidence.

This is the seam between pictures (NumPy, uint8, any size) and the networks (torch, multiples
of 32): the one place where an image becomes a tensor and back.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.illumination import enhance, LEAST_ILLUMINATION
from steps_ros.errors import CheckpointError, FrameError
from steps_ros.inference.confidence import confidence
from steps_ros.inference.hardware import resolve_device, resolve_precision
from steps_ros.inference.network_size import checked, fitting_size, rounded, Size
from steps_ros.inference.prediction import Outputs, Prediction, Raw
from steps_ros.inference.rays import camera_rays
from steps_ros.inference.resize import resize_image, resize_inverse_depth, resize_map


class Predictor:
    """
    The networks of a checkpoint on a device; keeps no state between images.

    :param size: (height, width) of the network's input, multiples of 32 from 64 on. None: the
        checkpoint's, of which a network that sees rays takes the number of pixels alone and keeps
        each image's shape; where it has none, each image's own rounded up.
    :param device: see :func:`steps_ros.inference.hardware.resolve_device`.
    :param precision: of the depth network; the enhancer always runs in float32.
    :raises SettingsError: size, device or precision cannot be.
    :raises CheckpointError: the checkpoint holds an encoder alone.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        size: Size | None = None,
        device: str = 'auto',
        precision: str = 'auto',
    ) -> None:
        if checkpoint.depth_net is None and checkpoint.enhancer is None:
            raise CheckpointError(
                'the checkpoint holds an encoder only, a start for training; give it to train '
                '--init, and predict with one that has a depth network or an enhancer'
            )
        self.device = resolve_device(device)
        self.dtype = resolve_precision(precision, self.device)
        self.size = checked(size or checkpoint.input_size)
        depth_net = checkpoint.depth_net
        self.keeps_shape = size is None and depth_net is not None and depth_net.config.sees_rays
        self.bridge = checkpoint.confidence
        self.depth_net = self.enhancer = None
        # Copies, so that the checkpoint stays as it is for its other users.
        if checkpoint.enhancer is not None:
            self.enhancer = deepcopy(checkpoint.enhancer).to(self.device).eval()
        if checkpoint.depth_net is not None:
            self.depth_net = deepcopy(checkpoint.depth_net).to(self.device, self.dtype).eval()
            # Channels-last is what convolutions of every backend run fastest on.
            self.depth_net = self.depth_net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def network_size(self, height: int, width: int) -> Size:
        """Return the (height, width) at which the networks see an image of this size."""
        if self.size is not None:
            return fitting_size(width / height, self.size) if self.keeps_shape else self.size
        if self.depth_net is None:
            return height, width
        return rounded(height), rounded(width)

    @property
    def described_size(self) -> str:
        """Return the network's size in words."""
        if self.size is None:
            return "each image's own"
        size = f'{self.size[0]}x{self.size[1]}'
        return f"about {size}, in each image's shape" if self.keeps_shape else size

    def predict(
        self,
        image: NDArray[np.uint8],
        outputs: Outputs = Outputs(),  # noqa: B008
        output_size: Size | None = None,
        camera: Camera | None = None,
        enhancement: float = 1.0,
    ) -> Prediction:
        """
        Predict for one image.

        :param image: (H, W, 3) uint8 RGB, any size.
        :param outputs: what to compute.
        :param output_size: (height, width) of the results; the image's own by default.
        :param camera: that took the image, of its size, for networks that see rays; they take
            :meth:`steps_ros.core.camera.Camera.assumed` where it is None.
        :param enhancement: 0 leaves the enhancer out, 1 applies it in full; between the two,
            its gain grows by equal ratios, so that no frame of a slow change stands out.
        :raises FrameError: not such an image, or a lens that cannot be.
        """
        _check_image(image)
        size = output_size or (image.shape[0], image.shape[1])
        with torch.inference_mode():
            return self._predict(image, outputs, size, camera, enhancement)

    def _predict(
        self,
        image: NDArray[np.uint8],
        outputs: Outputs,
        size: Size,
        camera: Camera | None,
        enhancement: float,
    ) -> Prediction:
        seen = resize_image(image, *self.network_size(*image.shape[:2]))
        pixels = _to_tensor(seen, self.device)
        grey = _to_tensor(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY)[..., None], self.device)
        illumination = self._illumination(pixels, grey, enhancement)
        enhanced = enhance(pixels, illumination)
        disparity = None
        if self.depth_net is not None and (outputs.depth or outputs.raw):
            camera = camera or Camera.assumed(image.shape[1], image.shape[0])
            disparity = self._disparity(enhanced, camera)
        return Prediction(
            enhanced=self._enhanced(image, illumination, size) if outputs.enhanced else None,
            depth=self._depth(disparity, size)
            if outputs.depth and disparity is not None
            else None,
            confidence=_to_array(
                resize_map(confidence(illumination, grey, self.bridge), *size)[0, 0]
            )
            if outputs.confidence
            else None,
            raw=_raw(disparity, illumination, enhanced) if outputs.raw else None,
        )

    def _illumination(self, pixels: Tensor, grey: Tensor, enhancement: float) -> Tensor:
        """Return the clamped stage-1 map to that power, all ones where nothing is enhanced."""
        if self.enhancer is None or enhancement <= 0:
            return torch.ones_like(grey)
        seen = grey if self.enhancer.channels == 1 else pixels
        illumination: Tensor = self.enhancer(seen).clamped
        return illumination if enhancement >= 1 else illumination.pow(enhancement)

    def _disparity(self, enhanced: Tensor, camera: Camera) -> Tensor:
        assert self.depth_net is not None
        seen = enhanced.to(self.dtype, memory_format=torch.channels_last)
        rays = None
        if self.depth_net.config.sees_rays:
            height, width = seen.shape[-2:]
            rays = _rays(camera.resized(width, height), self.device, self.dtype)
        return self.depth_net.disparity(seen, rays).float()

    def _depth(self, disparity: Tensor, size: Size) -> NDArray[np.float32]:
        assert self.depth_net is not None
        config = self.depth_net.config
        depth = disparity_to_depth(disparity, config.min_depth, config.max_depth)
        if depth.shape[-2:] != size:
            depth = resize_inverse_depth(depth.reciprocal(), *size).reciprocal()
        return _to_array(depth[0, 0])

    def _enhanced(
        self, image: NDArray[np.uint8], illumination: Tensor, size: Size
    ) -> NDArray[np.uint8]:
        """Divide the picture at output size by the enlarged map, which keeps its sharpness."""
        pixels = _to_tensor(resize_image(image, *size), self.device)
        light = resize_map(illumination, *size).clamp(LEAST_ILLUMINATION, 1)
        levels = enhance(pixels, light).mul(255).round().byte()
        return np.ascontiguousarray(levels[0].permute(1, 2, 0).cpu().numpy())


@lru_cache(maxsize=8)
def _rays(camera: Camera, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return (1, 2, H, W); copied to the device once per camera."""
    return torch.from_numpy(camera_rays(camera).copy())[None].to(device, dtype)


def _raw(disparity: Tensor | None, illumination: Tensor, enhanced: Tensor) -> Raw:
    light = illumination[0, 0] if illumination.shape[1] == 1 else illumination[0]
    return Raw(
        None if disparity is None else _to_array(disparity[0, 0]),
        _to_array(light),
        _to_array(enhanced[0].permute(1, 2, 0)),
    )


def _to_tensor(image: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(H, W, C) uint8 to (1, C, H, W) float32 in [0, 1]."""
    tensor = torch.from_numpy(np.require(image, requirements=('C', 'W'))).to(device)
    return tensor.permute(2, 0, 1)[None].float().div_(255)


def _to_array(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.float().cpu().numpy())


def _check_image(image: NDArray[np.uint8]) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise FrameError(
            f'an image of shape {image.shape} and type {image.dtype} cannot be used; '
            'give (height, width, 3) uint8 RGB'
        )
