"""
Arrays that grow on disk, row by row, and are plain .npy files at the end.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.closing import Closing

# Room for any number of rows; numpy reads a header padded with blanks.
HEADER_BYTES = 192
MAGIC = b'\x93NUMPY\x01\x00'


class ArrayFile(Closing):
    """A file that :func:`numpy.load` maps into memory once it is closed."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: str) -> None:
        """
        Begin a file of rows of this shape.

        :param dtype: as numpy writes it, '|u1' or '<f2'.
        :raises OSError: it cannot be written.
        """
        self.count = 0
        self._shape, self._dtype = shape, np.dtype(dtype)
        self._file = path.open('wb')
        self._file.write(bytes(HEADER_BYTES))

    def append(self, row: NDArray[Any]) -> None:
        """
        Write one row.

        :raises OSError: the disk is full.
        """
        assert row.shape == self._shape
        self._file.write(np.ascontiguousarray(row, self._dtype).data)
        self.count += 1

    def close(self) -> None:
        """
        Write the header and bring everything to the disk.

        :raises OSError: the disk is full.
        """
        if self._file.closed:
            return
        try:
            self._file.seek(0)
            self._file.write(self._header())
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _header(self) -> bytes:
        shape = (self.count, *self._shape)
        content = {'descr': self._dtype.str, 'fortran_order': False, 'shape': shape}
        length = HEADER_BYTES - len(MAGIC) - 2
        text = repr(content).encode().ljust(length - 1) + b'\n'
        return MAGIC + length.to_bytes(2, 'little') + text
