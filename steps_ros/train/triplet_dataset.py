"""
Triplets out of stores, as batches.

Reading needs torch and numpy; what decodes recordings is not imported.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
import torch

from steps_ros.data.store import Store, Window
from steps_ros.errors import SourceError
from steps_ros.train.batch import TripletBatch

Indices = NDArray[np.int64]


class TripletDataset:
    """The triplets of some stores, one after the other, numbered from 0."""

    def __init__(self, stores: Store | Sequence[Store | tuple[Store, Window | None]]) -> None:
        """
        Take stores, each whole or with the part of it that is meant.

        :raises SourceError: none, stores of several sizes, or a part without a triplet.
        """
        given = [stores] if isinstance(stores, Store) else stores
        parts = [(part, None) if isinstance(part, Store) else part for part in given]
        if not parts:
            raise SourceError('there is no drive to train on; give one')
        self.stores = tuple(store for store, _ in parts)
        sizes = {(store.index.height, store.index.width) for store in self.stores}
        if len(sizes) > 1:
            raise SourceError(f'stores of sizes {sorted(sizes)}; build all with one size')
        ((self.height, self.width),) = sizes
        rows = [store.part(window) for store, window in parts]
        self._rows = np.concatenate(rows)
        self._ways = np.concatenate(
            [store.ways(part) for store, part in zip(self.stores, rows, strict=True)]
        )
        self._store = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
        self.has_depth = any(store.index.has_depth for store in self.stores)

    def __len__(self) -> int:
        """Return the number of triplets."""
        return len(self._rows)

    def batch(self, indices: Indices, flips: NDArray[np.bool_] | None = None) -> TripletBatch:
        """
        Read triplets.

        :param indices: (B,), 0 to below the length.
        :param flips: (B,), which of them are mirrored, camera and depth included; none where None.
        """
        size = (self.height, self.width)
        frames = np.empty((len(indices), 3, *size, 3), np.uint8)
        intrinsics = np.empty((len(indices), 3, 3), np.float32)
        depth = np.empty((len(indices), 1, *size), np.float32) if self.has_depth else None
        for place, index in enumerate(indices):
            store = self.stores[self._store[index]]
            step = -1 if flips is not None and flips[place] else 1
            rows = self._rows[index]
            for position, row in enumerate(rows):
                frames[place, position] = store.frame(row)[:, ::step]
            intrinsics[place] = store.intrinsics[rows[1]]
            if step < 0:
                intrinsics[place, 0, 2] = self.width - intrinsics[place, 0, 2]
            if depth is not None:
                known = store.depth(rows[1])[:, ::step] if store.index.has_depth else np.nan
                depth[place, 0] = known
        return TripletBatch(
            torch.from_numpy(frames).permute(0, 1, 4, 2, 3).contiguous(),
            torch.from_numpy(intrinsics),
            None if depth is None else torch.from_numpy(depth),
            ways=torch.from_numpy(self._ways[indices]),
        )

    def stamp_ns(self, index: int) -> int:
        """Return the stamp of a triplet's target."""
        return int(self.stores[self._store[index]].stamps[self._rows[index][1]])
