"""
What a training writes while it runs: one JSON object a line, and TensorBoard where it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from steps_ros.data.closing import Closing
from steps_ros.errors import OutputError


class JsonLines:
    """
    A file of JSON objects with a ``step`` each.

    Opened again for a training that goes on after ``step`` steps, it forgets the lines of later
    ones, so that a training that was broken off leaves the same file as one that was not.
    """

    def __init__(self, path: Path, step: int) -> None:
        """
        Open the file, keeping what was written up to ``step`` steps.

        :raises OutputError: it cannot be written.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            kept = _kept_lines(path, step)
            self._file = path.open('w', encoding='utf-8')
            self._file.writelines(kept)
            self._file.flush()
        except OSError as error:
            raise self._failure(error) from error

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """
        Append a line.

        :raises OutputError: the disk is full.
        """
        try:
            self._file.write(json.dumps({'step': step, **values}) + '\n')
            self._file.flush()
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(f'{self._path}: cannot be written ({error.strerror}); make room')


class Board(Closing):
    """Scalars and pictures for TensorBoard; does nothing where it is not installed or wanted."""

    def __init__(self, folder: Path | None, step: int = 0) -> None:
        """Open the event file in ``folder``; None for none."""
        self._writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(folder), purge_step=step)

    @property
    def is_open(self) -> bool:
        """Say whether anything is written."""
        return self._writer is not None

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Add numbers by name."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def picture(self, step: int, name: str, picture: Tensor) -> None:
        """Add a picture: (3, H, W) or (1, H, W), 0 to 1."""
        if self._writer is not None:
            self._writer.add_image(name, picture.detach().float().clamp(0, 1).cpu(), step)

    def close(self) -> None:
        """Finish the event file."""
        if self._writer is not None:
            self._writer.close()


def _kept_lines(path: Path, step: int) -> list[str]:
    """Return the whole lines of steps up to ``step``; the last one may be torn."""
    if step == 0 or not path.is_file():
        return []
    kept = []
    for line in path.read_text(encoding='utf-8').splitlines(keepends=True):
        if not line.endswith('\n') or json.loads(line)['step'] > step:
            break
        kept.append(line)
    return kept


def plain_numbers(values: Mapping[str, Tensor]) -> dict[str, float]:
    """Return scalars as Python numbers, with a single wait for the device."""
    numbers = torch.stack([value.detach().float() for value in values.values()]).tolist()
    return dict(zip(values, numbers, strict=True))
