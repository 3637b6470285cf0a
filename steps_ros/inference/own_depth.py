"""
The depth network of a checkpoint, computed by one of the engines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property, lru_cache
import logging

import torch
from torch import Tensor

from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.errors import SettingsError
from steps_ros.inference.engines.cache import cache_folder, EngineCache
from steps_ros.inference.engines.choice import choose
from steps_ros.inference.engines.job import Forward, Job
from steps_ros.inference.engines.names import AUTO, TORCH
from steps_ros.inference.engines.workshop import one_line, Workshop
from steps_ros.inference.network_size import checked, fitting_size, rounded, Size
from steps_ros.inference.rays import camera_rays

# Every size has an engine of its own, which takes memory and time to build.
MOST_SIZES = 8
# An engine may fail now and then, as when others fill the GPU; torch does that picture.
MOST_FAILURES = 3

logger = logging.getLogger(__name__)


class OwnDepth:
    """
    A copy of the network on a device, as a :class:`steps_ros.inference.depth_model.DepthModel`.

    An engine that cannot be built, computes something else than torch or fails several times is
    replaced by torch.

    :param checkpoint: with a depth network. Its size is for where the user wants none; a network
        that sees rays takes its number of pixels alone and keeps each image's shape. Where it has
        none either, each image has its own, rounded up.
    :param size: (height, width) that the user wants, multiples of 32 from 64 on.
    :param precision: a name of :data:`steps_ros.inference.hardware.PRECISIONS`.
    :param engine: a name of :data:`steps_ros.inference.engines.names.ENGINE_NAMES`.
    :raises SettingsError: a size that cannot be, or an engine that was named and cannot be used
        here.
    """

    is_scalable = True

    def __init__(
        self,
        checkpoint: Checkpoint,
        size: Size | None,
        device: torch.device,
        precision: str,
        engine: str = TORCH,
        workshop: Workshop | None = None,
    ) -> None:
        network = checkpoint.depth_net
        assert network is not None
        self.precision, self.sees_enhanced = precision, checkpoint.sees_enhanced
        self._config = network.config
        self._size = checked(size or checkpoint.input_size)
        self._keeps_shape = size is None and network.config.sees_rays
        self._device = device
        self._wanted, self._reason = engine, ''
        self._forwards: dict[Size, tuple[str, Forward]] = {}
        self._failures: Counter[Size] = Counter()
        # A copy, so that the checkpoint stays as it is for its other users.
        self._network = deepcopy(network).to('cpu', torch.float32).eval()
        self._workshop = workshop or Workshop(self._network, EngineCache(cache_folder()))
        if engine != TORCH:
            self._choose()
        if self._size is not None and not self._keeps_shape:
            self._forward(self._size)

    @property
    def engine(self) -> str:
        """Return what computes it; several where sizes have different ones."""
        return ', '.join(sorted({name for name, _ in self._forwards.values()})) or self._wanted

    @property
    def described(self) -> Mapping[str, str]:
        """Return why it is that engine, where there is something to say."""
        return {'engine_choice': self._reason} if self._reason else {}

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
        height, width = pictures.shape[-2:]
        rays = None
        if self._config.sees_rays:
            resized = [camera.resized(width, height) for camera in cameras]
            rays = torch.cat([_rays(camera, pictures.device) for camera in resized])
        size = (height, width)
        forward = self._forward(size)
        try:
            return forward(pictures, rays)
        except Exception as error:  # of whatever library, a GPU's full memory among them
            if self._forwards[size][0] == TORCH:
                raise
            self._note_failure(size, error)
        # Not within the handler, which keeps all that the engine held for these pictures.
        return self._eager(pictures, rays)

    def depth(self, output: Tensor) -> Tensor:
        """Return depth in the network's own unit, (B, 1, h, w)."""
        return disparity_to_depth(output, self._config.min_depth, self._config.max_depth)

    def _job(self, size: Size) -> Job:
        return Job(self._network, size, self._device, self.precision, torch.get_num_threads())

    def _choose(self) -> None:
        """Find the engine for all sizes by the one in the checkpoint, which most are like."""
        if self._wanted != AUTO:
            reason = self._workshop.missing(self._wanted, self._job(self._size or (0, 0)))
            if reason:
                raise SettingsError(f'engine {self._wanted!r}: {reason}')
        elif self._size is None:
            self._wanted = TORCH
            self._reason = 'torch: each image has its own size; give a network size for others'
        else:
            self._wanted, self._reason = choose(self._job(self._size), self._workshop)
            logger.info('%s', self._reason)

    def _forward(self, size: Size) -> Forward:
        """Return the engine of a size, made when the size first comes."""
        if size not in self._forwards:
            self._forwards[size] = self._prepared(size)
        return self._forwards[size][1]

    def _prepared(self, size: Size) -> tuple[str, Forward]:
        if self._wanted == TORCH:
            return TORCH, self._eager
        reason = f'there are more than {MOST_SIZES} sizes'
        if len(self._forwards) < MOST_SIZES:
            try:
                return self._wanted, self._workshop.prepare(self._wanted, self._job(size))
            except SettingsError as error:
                reason = str(error)
        self._refuse(size, reason)
        return TORCH, self._eager

    def _note_failure(self, size: Size, error: Exception) -> None:
        """Say that an engine failed, and replace it where it did so too often."""
        name, reason = self._forwards[size][0], one_line(error)
        self._failures[size] += 1
        if self._failures[size] < MOST_FAILURES:
            logger.warning('%s at %dx%d: %s; torch for this picture', name, *size, reason)
            return
        self._refuse(size, f'it failed {MOST_FAILURES} times: {reason}')
        self._forwards[size] = TORCH, self._eager

    def _refuse(self, size: Size, reason: str) -> None:
        refusal = f'{self._wanted} at {size[0]}x{size[1]}: {reason}; torch instead'
        logger.warning('%s', refusal)
        self._reason = '; '.join(filter(None, (self._reason, refusal)))

    @cached_property
    def _eager(self) -> Forward:
        """The engine of torch, which is one for all sizes."""
        return self._workshop.prepare(TORCH, self._job((0, 0)))


@lru_cache(maxsize=32)
def _rays(camera: Camera, device: torch.device) -> Tensor:
    """Return (1, 2, H, W); copied to the device once per camera."""
    return torch.from_numpy(camera_rays(camera).copy())[None].to(device)
