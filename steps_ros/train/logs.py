"""
What a training writes while it runs: one JSON object a line, and TensorBoard where it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import json
import logging
from pathlib import Path
from typing import Any, IO

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.closing import Closing
from steps_ros.data.outputs import write_file
from steps_ros.errors import OutputError

logger = logging.getLogger(__name__)


class JsonLines(Closing):
    """
    A file of JSON objects with a ``step`` each.

    Opened again for a training that goes on after ``step`` steps, it forgets the lines of later
    ones, so that a training that was broken off leaves the same file as one that was not.
    ``last_step`` is that of the last line, 0 without any.
    """

    def __init__(self, path: Path | None, step: int) -> None:
        """
        Open the file, keeping what was written up to ``step`` steps; None for none.

        :raises OutputError: it cannot be written.
        """
        self._file: IO[str] | None = None
        self.last_step = 0
        if path is None:
            return
        kept = _kept_lines(path, step)
        if kept:
            self.last_step = _step_of(kept[-1]) or 0
        with _named(path):
            # Whole or as it was: a kill at this moment costs no line.
            write_file(path, b''.join(kept))
            self._file = path.open('a', encoding='utf-8')

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """
        Append a line.

        :raises OutputError: the disk is full.
        """
        if self._file is not None:
            with _named(Path(self._file.name)):
                self._file.write(json.dumps({'step': step, **values}) + '\n')
                self._file.flush()
            self.last_step = step

    def close(self) -> None:
        """
        Close the file.

        :raises OutputError: the disk is full.
        """
        file, self._file = self._file, None
        if file is not None:
            with _named(Path(file.name)):
                file.close()


class Board(Closing):
    """Scalars and pictures for TensorBoard; does nothing where it is not installed or wanted."""

    def __init__(self, folder: Path | None, step: int = 0) -> None:
        """
        Open the event file in ``folder``; None for none.

        :param step: what is shown of later ones goes away.
        :raises OutputError: it cannot be written.
        """
        self._writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            logger.warning(
                'no curves and pictures: TensorBoard is not installed; pip install tensorboard'
            )
            return
        with _named(folder):
            self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    @property
    def is_open(self) -> bool:
        """Say whether anything is written."""
        return self._writer is not None

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """
        Add numbers by name.

        :raises OutputError: the disk is full.
        """
        if self._writer is not None:
            with _named(Path(self._writer.log_dir)):
                for name, value in values.items():
                    self._writer.add_scalar(name, value, step)

    def picture(self, step: int, name: str, picture: NDArray[np.uint8]) -> None:
        """
        Add a picture, (H, W, 3) RGB.

        :raises OutputError: the disk is full.
        """
        if self._writer is not None:
            with _named(Path(self._writer.log_dir)):
                self._writer.add_image(name, picture, step, dataformats='HWC')

    def close(self) -> None:
        """Finish the event file."""
        if self._writer is not None:
            with _named(Path(self._writer.log_dir)):
                self._writer.close()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f'{path}: cannot be written ({error.strerror}); make room') from error


def _kept_lines(path: Path, step: int) -> list[bytes]:
    """Return the lines of steps up to ``step``, to the first that is torn or damaged."""
    if step == 0 or not path.is_file():
        return []
    kept: list[bytes] = []
    for line in path.read_bytes().splitlines(keepends=True):
        if not line.endswith(b'\n'):
            break
        of_step = _step_of(line)
        if of_step is None:
            logger.warning('%s: line %d is damaged; the log goes on there', path, len(kept) + 1)
        if of_step is None or of_step > step:
            break
        kept.append(line)
    return kept


def _step_of(line: bytes) -> int | None:
    """Return the step of a line, None of one that is damaged."""
    try:
        step = json.loads(line)['step']
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return step if type(step) is int else None
