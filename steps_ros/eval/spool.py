"""
A thin copy of every frame on disk, for what can only be said when all frames are known.

Memory stays flat however long the drive is: a frame costs about 0.1 MB of temporary disk.
"""

from __future__ import annotations

from pathlib import Path
import tempfile
from typing import NamedTuple

import numpy as np

from steps_ros.data.closing import Closing
from steps_ros.data.outputs import npy_bytes
from steps_ros.errors import OutputError
from steps_ros.eval.samples import Floats, Reference

POINTS = 5000


class Points(NamedTuple):
    """Some reference points of a frame with what was predicted there, unaligned, NaN unknown."""

    reference: Reference
    prediction: Floats


class Spool(Closing):
    """Points by frame number in a temporary folder; use it as a context manager."""

    def __init__(self) -> None:
        """Make the folder."""
        self._folder = tempfile.TemporaryDirectory(prefix='steps_ros_evaluate_')

    def put(self, number: int, points: Points) -> None:
        """
        Keep every k-th point, at most 5000.

        :raises OutputError: the disk is full.
        """
        reference, step = points.reference, -(-len(points.prediction) // POINTS)
        columns = [reference.columns, reference.rows, reference.depth, points.prediction]
        kept = np.stack([column[::step] for column in columns]).astype(np.float32)
        try:
            self._path(number).write_bytes(npy_bytes(kept))
        except OSError as error:
            raise OutputError(
                f'{self._folder.name} cannot be written: {error.strerror}; set TMPDIR to a disk '
                'with room'
            ) from error

    def get(self, number: int, size: tuple[int, int]) -> Points:
        """Return the points of a frame whose reference has this size."""
        columns, rows, depth, prediction = np.load(self._path(number), allow_pickle=False)
        return Points(Reference(columns, rows, depth, size), prediction)

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def _path(self, number: int) -> Path:
        return Path(self._folder.name) / f'{number:06d}.npy'
