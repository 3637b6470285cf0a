"""
What one training step sees: frames in threes, with their camera.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

# Positions in ``TripletBatch.frames``.
PREVIOUS, TARGET, NEXT = 0, 1, 2


class TripletBatch(NamedTuple):
    """
    B triplets of consecutive frames.

    ``frames`` (B, 3, 3, H, W) uint8: previous, target, next; RGB. ``intrinsics`` (B, 3, 3) float32
    K of that size. ``depth`` (B, 1, H, W) float32 metres of the target, NaN or +inf where unknown
    or sky, None where nobody measured it. ``disparity`` (B, 1, H, W) is what a teacher says of the
    target, None where it has not been asked. ``darkened`` (B, 3, 3, H, W) uint8 are the frames as
    they would be in little light, None where they are not needed. ``ways`` (B, 2) float32 are the
    metres from the target to the previous and the next frame, NaN where odometry does not tell,
    None where nobody asked it.
    """

    frames: Tensor
    intrinsics: Tensor
    depth: Tensor | None = None
    disparity: Tensor | None = None
    darkened: Tensor | None = None
    ways: Tensor | None = None

    def each(self, change: Callable[[Tensor], Tensor]) -> TripletBatch:
        """Return the batch with all that it has changed alike."""
        return TripletBatch(*(None if item is None else change(item) for item in self))  # type: ignore[arg-type]

    def to(self, device: torch.device) -> TripletBatch:
        """Return the batch on a device; pinned memory goes there without waiting."""
        return self.each(lambda item: item.to(device, non_blocking=True))
