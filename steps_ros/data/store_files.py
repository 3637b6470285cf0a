"""
The growing files of a store.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.array_file import ArrayFile
from steps_ros.data.closing import Closing
from steps_ros.data.drives import Doubles
from steps_ros.data.preparation import Prepared
from steps_ros.data.store import SHARD_FRAMES, shard_name


class StoreFiles(Closing):
    """Frames, cameras, stamps and depth of a store; every method may raise :class:`OSError`."""

    def __init__(self, folder: Path, size: tuple[int, int], has_depth: bool) -> None:
        """Begin the files of pictures of ``size`` (height, width)."""
        self.count = 0
        self._size = size
        self._opened = ExitStack()
        self._frames = self._entered(_Shards(folder, 'frames', (*size, 3), '|u1'))
        self._depth = self._entered(_Shards(folder, 'depth', size, '<f2')) if has_depth else None
        self._stamps = self._entered(ArrayFile(folder / 'stamps.npy', (), '<i8'))
        self._intrinsics = self._entered(ArrayFile(folder / 'intrinsics.npy', (3, 3), '<f4'))
        self._positions = self._entered(ArrayFile(folder / 'positions.npy', (3,), '<f8'))

    def append(self, prepared: Prepared, stamp_ns: int, position: Doubles | None = None) -> int:
        """Write a frame and return its row."""
        self._frames.append(prepared.image)
        self._stamps.append(np.array(stamp_ns))
        self._intrinsics.append(np.array(prepared.camera.matrix))
        self._positions.append(np.full(3, np.nan) if position is None else position)
        if self._depth is not None:
            nothing = np.full(self._size, np.nan, np.float16)
            self._depth.append(nothing if prepared.depth is None else prepared.depth)
        self.count += 1
        return self.count - 1

    def close(self) -> None:
        """Finish all files."""
        self._opened.close()

    def _entered(self, file: Any) -> Any:
        return self._opened.enter_context(file)


class _Shards(Closing):
    """An array in files of SHARD_FRAMES rows."""

    def __init__(self, folder: Path, name: str, shape: tuple[int, ...], dtype: str) -> None:
        self._folder, self._name, self._shape, self._dtype = folder, name, shape, dtype
        self._count = 0
        self._file: ArrayFile | None = None

    def append(self, row: NDArray[Any]) -> None:
        if self._count % SHARD_FRAMES == 0:
            self.close()
            path = self._folder / f'{shard_name(self._name, self._count // SHARD_FRAMES)}.npy'
            self._file = ArrayFile(path, self._shape, self._dtype)
        assert self._file is not None
        self._file.append(row)
        self._count += 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
