"""
The YAML file that says what an ONNX model of depth takes and what it gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import re

from steps_ros.errors import SettingsError
from steps_ros.settings import check, load, setting

DISPARITY, INVERSE, DEPTH = 'disparity', 'inverse', 'depth'
COLOURS = 3
SIZE = re.compile(r'([1-9]\d*)x([1-9]\d*)', re.ASCII)


@dataclass(frozen=True)
class OnnxSettings:
    """What the file itself does not say; pictures are RGB from 0 to 1 before mean and std."""

    model: str = setting('', 'The ONNX file; a relative path begins at the YAML file.')
    output: str = setting(
        '',
        'What comes out: disparity (sigmoid, 0.1 units at 1 and 100 at 0, as Monodepth2), '
        'inverse (inverse depth of unknown scale and shift, as MiDaS) or depth.',
        choices=(DISPARITY, INVERSE, DEPTH),
    )
    size: str = setting('', 'HxW of the input. Empty: the only one that the file takes.')
    mean: tuple[float, ...] = setting(
        (0.0,) * COLOURS, 'Taken from red, green and blue before they go in.'
    )
    std: tuple[float, ...] = setting(
        (1.0,) * COLOURS, 'What red, green and blue are divided by after that.'
    )
    output_name: str = setting('', 'Which of several outputs. Empty: the only one.')
    enhance: bool = setting(
        False, 'Give the model enhanced pictures; false: as the camera took them.'
    )

    def __post_init__(self) -> None:
        """Check that all is there, and that mean and std are of pictures from 0 to 1."""
        check(self)
        if not self.model:
            raise SettingsError('model: none is named; give the ONNX file')
        if self.size and SIZE.fullmatch(self.size) is None:
            raise SettingsError(f'size: {self.size!r} is no size; give HxW, such as 518x518')
        for name, values in (('mean', self.mean), ('std', self.std)):
            _check_colours(name, values)
        if not all(self.std):
            raise SettingsError(f'std: {list(self.std)} divides by 0; give what training used')

    @property
    def height_width(self) -> tuple[int, int] | None:
        """The size as (height, width), None where the file says it."""
        match = SIZE.fullmatch(self.size)
        return None if match is None else (int(match[1]), int(match[2]))


def load_onnx_settings(path: Path) -> OnnxSettings:
    """
    Read the YAML file.

    :raises SettingsError: it is missing or says something that cannot be; the message names it.
    """
    return load(OnnxSettings, path)


def _check_colours(name: str, values: tuple[float, ...]) -> None:
    if len(values) != COLOURS:
        raise SettingsError(f'{name}: {len(values)} numbers; give one each for red, green, blue')
    if not all(0 <= value <= 1 for value in values):
        raise SettingsError(
            f'{name}: {list(values)} is not of pictures from 0 to 1, as they are here; for one '
            'of pictures from 0 to 255 divide it by 255'
        )
