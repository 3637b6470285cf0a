"""
Another model of depth, from an ONNX file, computed by ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from steps_ros.core.camera import Camera
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.errors import CheckpointError, SettingsError
from steps_ros.inference.file_hash import file_sha256
from steps_ros.inference.network_size import Size
from steps_ros.inference.onnx_session import open_session, reason
from steps_ros.inference.onnx_settings import COLOURS, DEPTH, DISPARITY, INVERSE, OnnxSettings
from steps_ros.inference.onnx_signature import input_of, output_of, size_of
from steps_ros.limits import require_within

TO_DEPTH: dict[str, Callable[[Tensor], Tensor]] = {
    DISPARITY: disparity_to_depth,
    INVERSE: torch.reciprocal,
    DEPTH: torch.clone,
}


class OnnxDepth:
    """
    An ONNX model as a :class:`steps_ros.inference.depth_model.DepthModel`.

    It is tried on a black picture, so that what cannot work is said before the first image.

    :param folder: where a relative path of the model begins.
    :param size: (height, width) that the user wants in place of the one in the settings.
    :param precision: ``auto``, or the name of the type that the model takes.
    :raises CheckpointError: the file cannot be used, or does not do what the settings say.
    :raises SettingsError: size, precision or device cannot be.
    """

    engine = 'onnxruntime'

    def __init__(
        self,
        settings: OnnxSettings,
        folder: Path,
        size: Size | None,
        device: torch.device,
        precision: str,
    ) -> None:
        self._path = folder / Path(settings.model).expanduser()
        self._session = open_session(self._path, device)
        self._input = input_of(self._session, self._path)
        self._output = output_of(self._session, self._path, settings.output_name)
        self._size = size_of(self._input, self._path, size or settings.height_width)
        what = f'{self._path}: size {self.described_size}'
        require_within('image_pixels', math.prod(self._size), what, CheckpointError)
        self.precision = self._input.type.__name__
        if precision not in ('auto', self.precision):
            raise SettingsError(
                f'precision {precision!r}: {self._path} takes {self.precision} and nothing else; '
                f'leave it at auto, or export the model in {precision}'
            )
        self.sees_enhanced, self.sees_rays = settings.enhance, False
        self.is_scalable = settings.output != INVERSE
        self.described: Mapping[str, str] = {
            'depth_model': str(self._path),
            'depth_model_sha256': file_sha256(self._path),
            'depth_output': settings.output,
            'depth_sees': 'enhanced pictures' if settings.enhance else 'pictures as they are',
        }
        self._to_depth = TO_DEPTH[settings.output]
        self._mean, self._std = (
            torch.tensor(values, device=device)[:, None, None]
            for values in (settings.mean, settings.std)
        )
        self.output(torch.zeros(1, COLOURS, *self._size, device=device), ())

    def network_size(self, height: int, width: int) -> Size:
        """Return the one (height, width) at which the model sees images."""
        return self._size

    @property
    def described_size(self) -> str:
        """Return that size in words."""
        return '{}x{}'.format(*self._size)

    def output(self, pictures: Tensor, cameras: Sequence[Camera]) -> Tensor:
        """
        Return what the model says, (B, 1, h, w) float32.

        :raises CheckpointError: it fails, or says something of another shape.
        """
        normalised = ((pictures - self._mean) / self._std).cpu().numpy()
        seen = np.ascontiguousarray(normalised, self._input.type)
        step = len(seen) if self._input.is_batched else 1
        parts = [self._run(seen[start : start + step]) for start in range(0, len(seen), step)]
        return torch.cat(parts).to(pictures.device)

    def depth(self, output: Tensor) -> Tensor:
        """Return depth in the model's own unit; what is not finite and positive is NaN."""
        depth = self._to_depth(output)
        return depth.where(depth.isfinite() & (depth > 0), torch.nan)

    def _run(self, seen: np.ndarray[Any, Any]) -> Tensor:
        try:
            (found,) = self._session.run([self._output], {self._input.name: seen})
        except Exception as error:  # those of ONNX Runtime have no common base
            raise CheckpointError(
                f'{self._path}: fails on a picture of {self.described_size} ({reason(error)}); '
                'give the size and the batch that it was exported for'
            ) from error
        shape = np.shape(found)
        if not _is_map(shape, len(seen)):
            raise CheckpointError(
                f'{self._path}: output {self._output!r} has shape {shape} for {len(seen)} '
                'pictures where (B, H, W) or (B, 1, H, W) belongs; name another in '
                'output_name, or export depth alone'
            )
        values = np.asarray(found, np.float32).reshape(len(seen), 1, *shape[-2:])
        return torch.from_numpy(values)


def _is_map(shape: tuple[int, ...], count: int) -> bool:
    return 0 not in shape and shape[:-2] in ((count,), (count, 1))
