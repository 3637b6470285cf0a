"""
From an 8-bit image to enhanced image, depth and confidence.

This is the seam between pictures (NumPy, uint8, any size) and the networks (torch, multiples
of 32): the one place where an image becomes a tensor and back.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from steps_ros.inference.prediction import Outputs, Prediction, Raw, Request
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
        """Predict for one image; see :class:`Request` for the arguments and what is refused."""
        return self.predict_batch([Request(image, outputs, output_size, camera, enhancement)])[0]

    def predict_batch(self, requests: Sequence[Request]) -> list[Prediction]:
        """
        Predict for several images, those that the networks see at one size in one pass.

        :returns: in the order of the requests.
        :raises FrameError: one of them is no such image, or its lens cannot be.
        """
        places: dict[Size, list[int]] = {}
        for place, request in enumerate(requests):
            _check_image(request.image)
            height, width = request.image.shape[:2]
            places.setdefault(self.network_size(height, width), []).append(place)
        found: dict[int, Prediction] = {}
        with torch.inference_mode():
            for size, group in places.items():
                predictions = self._predict([requests[place] for place in group], size)
                found |= zip(group, predictions, strict=True)
        return [found[place] for place in range(len(requests))]

    def _predict(self, requests: Sequence[Request], size: Size) -> list[Prediction]:
        seen = [resize_image(request.image, *size) for request in requests]
        pixels = _to_tensor(seen, self.device)
        levels = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] for image in seen]
        grey = _to_tensor(levels, self.device)
        illumination = self._illumination(pixels, grey, requests)
        enhanced = enhance(pixels, illumination)
        disparities = self._disparities(enhanced, requests)
        return [
            self._finished(request, disparity, light[None], lit[None], level[None])
            for request, disparity, light, lit, level in zip(
                requests, disparities, illumination, enhanced, grey, strict=True
            )
        ]

    def _finished(
        self,
        request: Request,
        disparity: Tensor | None,
        illumination: Tensor,
        enhanced: Tensor,
        grey: Tensor,
    ) -> Prediction:
        """Return one image's maps at output size; all tensors are of a batch of one."""
        outputs = request.outputs
        size = request.output_size or (request.image.shape[0], request.image.shape[1])
        return Prediction(
            enhanced=self._enhanced(request.image, illumination, size)
            if outputs.enhanced
            else None,
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

    def _illumination(self, pixels: Tensor, grey: Tensor, requests: Sequence[Request]) -> Tensor:
        """Return the clamped stage-1 maps to each one's power, ones where nothing is enhanced."""
        powers = [min(max(request.enhancement, 0.0), 1.0) for request in requests]
        if self.enhancer is None or not any(powers):
            return torch.ones_like(grey)
        illumination: Tensor = self.enhancer(
            grey if self.enhancer.channels == 1 else pixels
        ).clamped
        if all(power == 1 for power in powers):
            return illumination
        return illumination.pow(illumination.new_tensor(powers)[:, None, None, None])

    def _disparities(self, enhanced: Tensor, requests: Sequence[Request]) -> list[Tensor | None]:
        """Return (1, 1, H, W) of each image whose depth is asked for."""
        wanted = [r.outputs.depth or r.outputs.raw for r in requests]
        if self.depth_net is None or not any(wanted):
            return [None] * len(requests)
        asked = [place for place, is_wanted in enumerate(wanted) if is_wanted]
        seen = enhanced if all(wanted) else enhanced[asked]
        seen = seen.to(self.dtype, memory_format=torch.channels_last)
        rays = None
        if self.depth_net.config.sees_rays:
            height, width = seen.shape[-2:]
            cameras = [_camera(requests[place]).resized(width, height) for place in asked]
            rays = torch.cat([_rays(camera, self.device, self.dtype) for camera in cameras])
        found = iter(self.depth_net.disparity(seen, rays).float().chunk(len(asked)))
        return [next(found) if is_wanted else None for is_wanted in wanted]

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
        pixels = _to_tensor([resize_image(image, *size)], self.device)
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


def _to_tensor(images: Sequence[NDArray[np.uint8]], device: torch.device) -> Tensor:
    """Turn N images (H, W, C) uint8 into (N, C, H, W) float32 in [0, 1]."""
    if len(images) == 1:
        stacked = np.require(images[0], requirements=('C', 'W'))[None]
    else:
        stacked = np.stack(images)
    return torch.from_numpy(stacked).to(device).permute(0, 3, 1, 2).float().div_(255)


def _camera(request: Request) -> Camera:
    height, width = request.image.shape[:2]
    return request.camera or Camera.assumed(width, height)


def _to_array(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.float().cpu().numpy())


def _check_image(image: NDArray[np.uint8]) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise FrameError(
            f'an image of shape {image.shape} and type {image.dtype} cannot be used; '
            'give (height, width, 3) uint8 RGB'
        )
