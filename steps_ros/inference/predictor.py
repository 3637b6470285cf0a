"""
From an 8-bit image to enhanced image, depth and confidence.

This is the seam between pictures (NumPy, uint8, any size) and the networks (tensors of their
own size): the one place where an image becomes a tensor and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint
from steps_ros.core.illumination import enhance
from steps_ros.errors import CheckpointError, FrameError
from steps_ros.inference.confidence import confidence
from steps_ros.inference.depth_model import DepthModel
from steps_ros.inference.enhancement import enhanced_picture
from steps_ros.inference.hardware import resolve_device, resolve_precision
from steps_ros.inference.illumination import illumination_on
from steps_ros.inference.moment import Moment
from steps_ros.inference.network_size import checked, Size
from steps_ros.inference.own_depth import OwnDepth
from steps_ros.inference.prediction import Outputs, Prediction, Raw, Request
from steps_ros.inference.resize import resize_depth, resize_map
from steps_ros.inference.transfer import Download, upload
from steps_ros.resizing import resize_image


class _Seen(NamedTuple):
    """
    A picture as the networks saw it; every tensor of a batch of one.

    ``illumination`` is the clamped stage-1 map, ``applied`` what of it the picture was divided by,
    ``power`` 0 to 1 leads from one to the other; ``enhanced`` is the result, ``grey`` the levels
    before.
    """

    illumination: Tensor
    applied: Tensor
    power: float
    enhanced: Tensor
    grey: Tensor


class Predictor:
    """
    The networks of a checkpoint on a device; keeps no state between images.

    :param size: (height, width) of the network's input, multiples of 32 from 64 on. None: the
        checkpoint's, of which a network that sees rays takes the number of pixels alone and keeps
        each image's shape; where it has none, each image's own rounded up.
    :param device: see :func:`steps_ros.inference.hardware.resolve_device`.
    :param precision: of the depth network; the enhancer always runs in float32.
    :param depth_model: on the same device, in place of the checkpoint's depth network; size and
        precision are its own then.
    :param engine: of the checkpoint's depth network, see :mod:`steps_ros.inference.own_depth`.
    :raises SettingsError: size, device or precision cannot be.
    :raises CheckpointError: the checkpoint holds an encoder alone.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        size: Size | None = None,
        device: str = 'auto',
        precision: str = 'auto',
        depth_model: DepthModel | None = None,
        engine: str = 'torch',
    ) -> None:
        self.device = resolve_device(device)
        dtype = resolve_precision(precision, self.device)
        if depth_model is None and checkpoint.depth_net is not None:
            kind = str(dtype).removeprefix('torch.')
            depth_model = OwnDepth(checkpoint, size, self.device, kind, engine)
        if depth_model is None and checkpoint.enhancer is None:
            raise CheckpointError(
                'the checkpoint holds an encoder only, a start for training; give it to train '
                '--init, and predict with one that has a depth network or an enhancer'
            )
        self.depth_model = depth_model
        self.bridge = checkpoint.confidence
        self._size = checked(size or checkpoint.input_size)
        enhancer = checkpoint.enhancer
        self._illuminate = None if enhancer is None else illumination_on(enhancer, self.device)

    @property
    def engine(self) -> str:
        """Return the name of what computes depth."""
        return 'torch' if self.depth_model is None else self.depth_model.engine

    @property
    def precision(self) -> str:
        """Return the name of the number type that depth is computed in."""
        return 'float32' if self.depth_model is None else self.depth_model.precision

    def network_size(self, height: int, width: int) -> Size:
        """Return the (height, width) at which the networks see an image of this size."""
        if self.depth_model is not None:
            return self.depth_model.network_size(height, width)
        return self._size or (height, width)

    @property
    def described_size(self) -> str:
        """Return the network's size in words."""
        if self.depth_model is not None:
            return self.depth_model.described_size
        return "each image's own" if self._size is None else '{}x{}'.format(*self._size)

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
        network_s = 0.0
        with torch.inference_mode():
            for size, group in places.items():
                predictions = self._predict([requests[place] for place in group], size)
                found |= zip(group, predictions, strict=True)
                network_s += predictions[0].network_s
        return [found[place]._replace(network_s=network_s) for place in range(len(requests))]

    def _predict(self, requests: Sequence[Request], size: Size) -> list[Prediction]:
        seen = [resize_image(request.image, *size) for request in requests]
        pixels = _to_tensor(seen, self.device)
        levels = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] for image in seen]
        grey = _to_tensor(levels, self.device)
        begun = Moment(self.device)
        powers = self._powers(requests)
        illumination = self._illumination(pixels, grey, powers)
        applied = _faded(illumination, powers)
        wants_depth = any(request.outputs.depth or request.outputs.raw for request in requests)
        enhanced = enhance(pixels, applied) if wants_depth else pixels
        outputs = self._depth_outputs(pixels, enhanced, requests)
        ended = Moment(self.device)
        download = Download(self.device)
        predictions = [
            self._finished(request, output, _Seen(*seen), download)
            for request, output, *seen in zip(
                requests,
                outputs,
                illumination.chunk(len(powers)),
                applied.chunk(len(powers)),
                powers,
                enhanced.chunk(len(powers)),
                grey.chunk(len(powers)),
                strict=True,
            )
        ]
        download.wait()
        network_s = begun.seconds_until(ended)
        return [prediction._replace(network_s=network_s) for prediction in predictions]

    def _finished(
        self,
        request: Request,
        output: Tensor | None,
        seen: _Seen,
        download: Download,
    ) -> Prediction:
        """
        Return one image's maps at output size, filled when the download is complete.

        :param output: of the depth model, a batch of one.
        """
        outputs = request.outputs
        size = request.output_size or (request.image.shape[0], request.image.shape[1])
        return Prediction(
            enhanced=enhanced_picture(resize_image(request.image, *size), seen.applied, download)
            if outputs.enhanced
            else None,
            depth=download.start(self._depth(output, size))
            if outputs.depth and output is not None
            else None,
            confidence=download.start(
                resize_map(
                    confidence(seen.illumination, seen.grey, self.bridge, seen.power), *size
                )[0, 0]
            )
            if outputs.confidence
            else None,
            raw=_raw(output, seen.applied, seen.enhanced, download) if outputs.raw else None,
        )

    def _powers(self, requests: Sequence[Request]) -> list[float]:
        """Return how far each image is enhanced, 0 to 1; without an enhancer not at all."""
        if self._illuminate is None:
            return [0.0] * len(requests)
        return [min(max(request.enhancement, 0.0), 1.0) for request in requests]

    def _illumination(self, pixels: Tensor, grey: Tensor, powers: Sequence[float]) -> Tensor:
        """Return the clamped stage-1 maps, ones where nothing is enhanced."""
        if self._illuminate is None or not any(powers):
            return torch.ones_like(grey)
        return self._illuminate(pixels, grey)

    def _depth_outputs(
        self, pixels: Tensor, enhanced: Tensor, requests: Sequence[Request]
    ) -> list[Tensor | None]:
        """Return (1, 1, h, w) of each image whose depth is asked for."""
        wanted = [r.outputs.depth or r.outputs.raw for r in requests]
        if self.depth_model is None or not any(wanted):
            return [None] * len(requests)
        asked = [place for place, is_wanted in enumerate(wanted) if is_wanted]
        seen = enhanced if self.depth_model.sees_enhanced else pixels
        cameras = [_camera(requests[place]) for place in asked]
        output = self.depth_model.output(seen if all(wanted) else seen[asked], cameras)
        found = iter(output.chunk(len(asked)))
        return [next(found) if is_wanted else None for is_wanted in wanted]

    def _depth(self, output: Tensor, size: Size) -> Tensor:
        assert self.depth_model is not None
        return resize_depth(self.depth_model.depth(output), *size)[0, 0].float()


def _faded(illumination: Tensor, powers: Sequence[float]) -> Tensor:
    """Return each image's map to its power."""
    if all(power == 1 for power in powers) or not any(powers):
        return illumination
    return illumination.pow(illumination.new_tensor(powers)[:, None, None, None])


def _raw(output: Tensor | None, illumination: Tensor, enhanced: Tensor, download: Download) -> Raw:
    light = illumination[0, 0] if illumination.shape[1] == 1 else illumination[0]
    return Raw(
        None if output is None else download.start(output[0, 0].float()),
        download.start(light),
        download.start(enhanced[0].permute(1, 2, 0)),
    )


def _to_tensor(images: Sequence[NDArray[np.uint8]], device: torch.device) -> Tensor:
    """Turn N images (H, W, C) uint8 into (N, C, H, W) float32 in [0, 1]."""
    stacked = images[0][None] if len(images) == 1 else np.stack(images)
    if device.type == 'cpu':
        # In one pass on this thread: to wake others for it takes longer.
        levels = torch.from_numpy(np.divide(stacked, 255, dtype=np.float32))
    else:
        levels = upload(stacked, device).float().div_(255)
    return levels.permute(0, 3, 1, 2)


def _camera(request: Request) -> Camera:
    height, width = request.image.shape[:2]
    return request.camera or Camera.assumed(width, height)


def _check_image(image: NDArray[np.uint8]) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise FrameError(
            f'an image of shape {image.shape} and type {image.dtype} cannot be used; '
            'give (height, width, 3) uint8 RGB'
        )
