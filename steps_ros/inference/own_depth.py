"""
The depth network of a checkpoint, computed by one of the engines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cached_property, lru_cache
import logging
from threading import Lock
from time import monotonic
from typing import NamedTuple

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
from steps_ros.inference.engines.workshop import one_line, RefusedError, Workshop
from steps_ros.inference.network_size import checked, fitting_size, rounded, Size
from steps_ros.inference.rays import camera_rays

# Every size has an engine of its own, which takes memory and time to build.
MOST_SIZES = 8
# An engine may fail now and then, as when others fill the GPU; torch does that picture. So many
# failures in so short a time, and it does no more.
MOST_FAILURES, FAILURES_S = 3, 600.0
# Torch takes every size; where there is none yet, it is checked at this one.
CHECKED_SIZE = (192, 320)

logger = logging.getLogger(__name__)


class Running(NamedTuple):
    """An engine by its name, in a number type."""

    engine: str
    precision: str
    forward: Forward


class OwnDepth:
    """
    A copy of the network on a device, as a :class:`steps_ros.inference.depth_model.DepthModel`.

    An engine that cannot be built or computes something else than torch is replaced, with ``auto``
    by the next fastest, else by torch; one that fails several times by torch; and torch in 16 bits
    that is off by torch in float32. Several threads take turns.

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
        self.sees_enhanced = checkpoint.sees_enhanced
        self._config = network.config
        self.sees_rays = network.config.sees_rays
        self._size = checked(size or checkpoint.input_size)
        self._keeps_shape = size is None and network.config.sees_rays
        self._device, self._precision = device, precision
        self._wanted, self._is_auto, self._reason = engine, engine == AUTO, ''
        self._forwards: dict[Size, Running] = {}
        self._failures: dict[Size, list[float]] = {}
        self._lock = Lock()
        # A copy, so that the checkpoint stays as it is for its other users.
        self._network = deepcopy(network).to('cpu', torch.float32).eval()
        self._workshop = workshop or Workshop(self._network, EngineCache(cache_folder()))
        if engine != TORCH:
            self._choose()
        if self._size is not None and not self._keeps_shape:
            self._running(self._size)

    @property
    def engine(self) -> str:
        """Return what computes it; several where sizes have different ones."""
        return _joined(running.engine for running in self._all_running()) or self._wanted

    @property
    def precision(self) -> str:
        """Return its number type; several where sizes have different ones."""
        return _joined(running.precision for running in self._all_running()) or self._precision

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
        # An engine has one set of buffers.
        with self._lock:
            return self._computed((height, width), pictures, rays)

    def _computed(self, size: Size, pictures: Tensor, rays: Tensor | None) -> Tensor:
        running = self._running(size)
        try:
            return running.forward(pictures, rays)
        except Exception as error:  # of whatever library, a GPU's full memory among them
            if running.engine == TORCH:
                raise
            self._note_failure(size, error)
        # Not within the handler, which keeps all that the engine held for these pictures.
        return self._torch.forward(pictures, rays)

    def depth(self, output: Tensor) -> Tensor:
        """Return depth in the network's own unit, (B, 1, h, w)."""
        return disparity_to_depth(output, self._config.min_depth, self._config.max_depth)

    def _job(self, size: Size) -> Job:
        return Job(self._network, size, self._device, self._precision, torch.get_num_threads())

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

    def _all_running(self) -> tuple[Running, ...]:
        # Reports are made while another thread adds a size.
        return tuple(self._forwards.values())

    def _running(self, size: Size) -> Running:
        """Return the engine of a size, made when the size first comes."""
        if size not in self._forwards:
            self._forwards[size] = self._prepared(size)
        return self._forwards[size]

    def _prepared(self, size: Size) -> Running:
        if self._wanted != TORCH and len(self._forwards) >= MOST_SIZES:
            self._say(f'there are more than {MOST_SIZES} sizes; torch for the others')
            return self._torch
        name, job, refused = self._wanted, self._job(size), dict[str, str]()
        while name != TORCH:
            try:
                forward = self._workshop.prepare(name, job, is_ahead=not self._is_auto)
            except SettingsError as error:
                refused[name] = str(error)
            else:
                return Running(name, self._precision, forward)
            other = choose(job, self._workshop, refused=refused).engine if self._is_auto else TORCH
            self._say(f'{_at(name, size)}: {refused[name]}; {other} instead')
            name = other
        return self._torch

    def _note_failure(self, size: Size, error: Exception) -> None:
        """Say that an engine failed, and replace it where it did so too often."""
        name, reason, now = _at(self._forwards[size].engine, size), one_line(error), monotonic()
        recent = [at for at in self._failures.get(size, []) if now - at < FAILURES_S]
        self._failures[size] = [*recent, now]
        if len(self._failures[size]) < MOST_FAILURES:
            logger.warning('%s: %s; torch for this picture', name, reason)
            return
        self._say(f'{name}: it failed {MOST_FAILURES} times: {reason}; torch instead')
        self._forwards[size] = self._torch

    def _say(self, reason: str) -> None:
        """Say, once and in all reports, why it is not the engine that it was to be."""
        if reason not in self._reason:
            logger.warning('%s', reason)
            self._reason = '; '.join(filter(None, (self._reason, reason)))

    @cached_property
    def _torch(self) -> Running:
        """The engine of torch, which is one for all sizes."""
        job = self._job(self._size or CHECKED_SIZE)
        try:
            return self._torch_for(job)
        except RefusedError as error:
            self._say(f'torch in {job.precision}: {error}; float32 instead')
        return self._torch_for(replace(job, precision='float32'))

    def _torch_for(self, job: Job) -> Running:
        try:
            return Running(TORCH, job.precision, self._workshop.prepare(TORCH, job))
        except RefusedError:
            raise
        except SettingsError as error:
            raise SettingsError(
                f'torch on {job.device} in {job.precision}: {error}; make room there, or take '
                'another device, precision or network size'
            ) from error


def _at(engine: str, size: Size) -> str:
    return f'{engine} at {size[0]}x{size[1]}'


def _joined(names: Iterable[str]) -> str:
    return ', '.join(sorted(set(names)))


@lru_cache(maxsize=32)
def _rays(camera: Camera, device: torch.device) -> Tensor:
    """Return (1, 2, H, W); copied to the device once per camera."""
    return torch.from_numpy(camera_rays(camera).copy())[None].to(device)
