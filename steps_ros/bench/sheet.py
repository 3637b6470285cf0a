"""
Pictures in rows under the names of their columns, as one JPEG.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.data.outputs import write_file

Picture = NDArray[np.uint8]
TILE = (240, 144)
_LABEL_HEIGHT, _QUALITY = 20, 88


def write_sheet(
    path: Path,
    names: Sequence[str],
    rows: Iterable[Sequence[Picture]],
    tile: tuple[int, int] = TILE,
) -> None:
    """
    Write a sheet.

    :param rows: as many pictures each as there are names, (H, W, 3) uint8 RGB of any size.
    :param tile: (width, height) to which all are brought.
    :raises OutputError: the file cannot be written.
    """
    strips = [_labels(names, tile[0])]
    for row in rows:
        tiles = [cv2.resize(picture, tile, interpolation=cv2.INTER_AREA) for picture in row]
        strips.append(np.asarray(np.hstack(tiles), np.uint8))
    sheet = cv2.cvtColor(np.vstack(strips), cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode('.jpg', sheet, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
    write_file(path, content.tobytes())


def _labels(names: Sequence[str], width: int) -> Picture:
    strip = np.zeros((_LABEL_HEIGHT, width * len(names), 3), np.uint8)
    for place, name in enumerate(names):
        origin = (place * width + 4, 14)
        white = (255, 255, 255)
        cv2.putText(strip, name, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.42, white, 1, cv2.LINE_AA)
    return strip
