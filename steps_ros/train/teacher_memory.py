"""
What the day network says of day frames, said once.

The teacher never changes, so its map of a frame need not be computed in every epoch. What is
remembered does not change any number: each map is computed by itself, whoever else is in the
batch, and a training that is taken up again finds the same maps anew.
"""

from __future__ import annotations

from hashlib import blake2b

import torch
from torch import Tensor

from steps_ros.core.depth_net import DepthNet
from steps_ros.train.batch import TARGET, TripletBatch
from steps_ros.train.objective import day_disparity


class TeacherMemory:
    """
    The finest disparities of day frames, kept in the computer's memory.

    :param capacity: bytes that are kept; what does not fit is computed anew each time.
    """

    def __init__(self, capacity: int) -> None:
        self._free = capacity
        self._maps: dict[bytes, Tensor] = {}

    def __len__(self) -> int:
        """Return how many maps are kept."""
        return len(self._maps)

    def taught(self, teacher: DepthNet, day: TripletBatch, device: torch.device) -> TripletBatch:
        """
        Return a batch on a device, with what the teacher says of its targets.

        :param teacher: on the device; always the same one, and in eval mode.
        :param day: in the computer's memory.
        """
        keys = [_key(day, place) for place in range(len(day.frames))]
        day = day.to(device)
        maps = [
            self._asked(teacher, day, place, key) if known is None else known.to(device)
            for place, (key, known) in enumerate(zip(keys, map(self._maps.get, keys), strict=True))
        ]
        return day._replace(disparity=torch.stack(maps))

    def _asked(self, teacher: DepthNet, day: TripletBatch, place: int, key: bytes) -> Tensor:
        said = day_disparity(teacher, day.each(lambda item: item[place : place + 1]))[0]
        size = said.numel() * said.element_size()
        if size <= self._free:
            self._free -= size
            self._maps[key] = said.cpu().clone()
        return said


def _key(day: TripletBatch, place: int) -> bytes:
    """Return a digest of all that the teacher is shown; a mirrored frame is another one."""
    digest = blake2b(digest_size=16)
    for shown in (day.frames[place, TARGET], day.intrinsics[place]):
        digest.update(shown.numpy().tobytes())
    return digest.digest()
