"""
The folder that ``steps-ros run`` writes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from steps_ros.data.frames import Image
from steps_ros.data.outputs import (
    claim_folder,
    json_bytes,
    millimetres,
    npy_bytes,
    npz_bytes,
    png_bytes,
    write_file,
)
from steps_ros.errors import OutputError
from steps_ros.inference.colour import colour_depth, colour_range
from steps_ros.inference.prediction import Prediction, Raw

REPORT = 'run.json'
LAYOUT = {
    'enhanced': '.png',
    'depth': '.npy',
    'confidence': '.png',
    'coloured': '.png',
    'depth_mm': '.png',
    'raw': '.npz',
}


class ResultFolder:
    """
    Writes one set of files for each frame and a report at the end.

    Nothing is touched before the first frame; then the results of an earlier run, known by its
    report, make way, so that no folder holds a mixture of two.

    ``colour_range`` is (nearest, farthest) of the colours, taken from the first depth image.
    """

    def __init__(self, path: Path, source: Path, is_metric: bool, overwrite: bool) -> None:
        """
        Look at the place.

        :raises OutputError: it holds something and ``overwrite`` is false, or it holds the input.
        """
        claim_folder(path, overwrite)
        if path.resolve() in source.resolve().parents:
            raise OutputError(f'{path} holds the input {source}; give another folder')
        self.path = path
        self.colour_range: tuple[float, float] | None = None
        self._is_metric = is_metric
        self._is_clear = False

    def write(self, stem: str, prediction: Prediction) -> None:
        """
        Write the files of one frame, all or none of them.

        :raises OutputError: the disk is full, or the place cannot be written.
        """
        self._clear()
        contents = self._encode(prediction)
        try:
            for name, content in contents.items():
                write_file(self._place(name, stem), content)
        except BaseException:
            for name in contents:
                self._place(name, stem).unlink(missing_ok=True)
            raise

    def write_report(self, report: object) -> None:
        """Write run.json."""
        write_file(self.path / REPORT, json_bytes(report))

    def _encode(self, prediction: Prediction) -> dict[str, bytes]:
        contents = {}
        if prediction.enhanced is not None:
            contents['enhanced'] = png_bytes(prediction.enhanced)
        if prediction.confidence is not None:
            contents['confidence'] = png_bytes(_levels(prediction.confidence))
        if prediction.depth is not None:
            contents['depth'] = npy_bytes(prediction.depth)
            self.colour_range = self.colour_range or colour_range(prediction.depth)
            contents['coloured'] = png_bytes(colour_depth(prediction.depth, *self.colour_range))
            if self._is_metric:
                contents['depth_mm'] = png_bytes(millimetres(prediction.depth))
        if prediction.raw is not None:
            contents['raw'] = npz_bytes(_arrays(prediction.raw))
        return contents

    def _place(self, name: str, stem: str) -> Path:
        return self.path / name / f'{stem}{LAYOUT[name]}'

    def _clear(self) -> None:
        report = self.path / REPORT
        if not self._is_clear and report.exists():
            for name, suffix in LAYOUT.items():
                for path in (self.path / name).glob(f'*{suffix}'):
                    path.unlink()
            report.unlink()
        self._is_clear = True


def _levels(confidence: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Image:
    """Turn 0..1 into 0..255."""
    return np.rint(np.clip(confidence, 0, 1) * 255).astype(np.uint8)


def _arrays(raw: Raw) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {name: array for name, array in raw._asdict().items() if array is not None}
