"""
What one training step sees: frames in threes, with their camera.
"""

from __future__ import annotations

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
    or sky, None where nobody measured it.
    """

    frames: Tensor
    intrinsics: Tensor
    depth: Tensor | None = None

    def to(self, device: torch.device) -> TripletBatch:
        """Return the batch on a device; pinned memory goes there without waiting."""
        return TripletBatch(
            self.frames.to(device, non_blocking=True),
            self.intrinsics.to(device, non_blocking=True),
            None if self.depth is None else self.depth.to(device, non_blocking=True),
        )
