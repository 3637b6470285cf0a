"""
One picture of a recording: input, enhanced image, depth and confidence, some frames as rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from steps_ros.data.bags import Bag, open_bag, RawMessage
from steps_ros.data.encodings import decode_image_message
from steps_ros.errors import OutputError, SourceError
from steps_ros.inference.colour import colour_depth

Picture = NDArray[np.uint8]

TILE_WIDTH = 320
LABEL_HEIGHT = 22
FONT = cv2.FONT_HERSHEY_SIMPLEX
FLOAT_ENCODING = '32FC1'
COLOUR_PERCENTILES = (2, 95)


class Topics(NamedTuple):
    """The image topics of the four columns."""

    camera: str
    enhanced: str
    depth: str
    confidence: str


LABELS = Topics('input', 'enhanced', 'depth (red is near)', 'confidence (white is sure)')


def make_contact_sheet(recording: Path, topics: Topics, out: Path, rows: int = 6) -> None:
    """
    Write the sheet as a PNG.

    All rows share one range of depth colours, so that they can be compared.

    :param rows: how many frames, evenly spread over those that have depth.
    :raises SourceError: the recording cannot be read or no frame has depth.
    :raises OutputError: the picture cannot be written.
    """
    with open_bag(recording) as bag:
        stamps = _spread(_stamps(bag, topics.depth), rows)
        if not stamps:
            raise SourceError(f'{recording} has no message on {topics.depth}; nothing to show')
        maps = _read(bag, topics, stamps)
    nearest, farthest = _depth_range([maps[topics.depth, stamp] for stamp in stamps])
    lines = [_labels(farthest / nearest)]
    for stamp in stamps:
        tiles = [maps.get((topic, stamp)) for topic in topics]
        lines.append(_row(tiles, (stamp - stamps[0]) / 1e9, nearest, farthest))
    _write(out, np.vstack(lines))


def _stamps(bag: Bag, topic: str) -> list[int]:
    return sorted({_stamp_ns(bag.decode(message)) for message in bag.messages([topic])})


def _spread(stamps: Sequence[int], count: int) -> list[int]:
    if not stamps:
        return []
    picked = np.linspace(0, len(stamps) - 1, min(count, len(stamps))).round().astype(int)
    return [stamps[index] for index in picked]


def _read(
    bag: Bag, topics: Topics, stamps: Collection[int]
) -> dict[tuple[str, int], NDArray[Any]]:
    """Return the maps of the chosen frames by topic and stamp; the others are not kept."""
    maps = {}
    for raw in bag.messages(list(topics)):
        message = bag.decode(raw)
        if _stamp_ns(message) in stamps:
            maps[raw.topic, _stamp_ns(message)] = _decode(raw, message)
    return maps


def _decode(raw: RawMessage, message: Any) -> NDArray[Any]:
    if message.encoding == FLOAT_ENCODING:
        return np.frombuffer(message.data, np.float32).reshape(message.height, message.width)
    return decode_image_message(message)


def _stamp_ns(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _depth_range(depths: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """Return the depths between which nearly all pixels lie."""
    finite = np.concatenate([depth[np.isfinite(depth)] for depth in depths])
    if not finite.size:
        return 1.0, 2.0
    nearest, farthest = np.percentile(finite, COLOUR_PERCENTILES)
    return float(nearest), float(max(farthest, 1.01 * nearest))


def _row(
    tiles: Sequence[NDArray[Any] | None], seconds: float, nearest: float, farthest: float
) -> Picture:
    _, _, depth, confidence = tiles
    assert depth is not None
    pictures = [_black() if tile is None else tile for tile in tiles[:2]]
    pictures.append(colour_depth(depth, nearest, farthest))
    pictures.append(_black() if confidence is None else _grey(confidence))
    size = (TILE_WIDTH, max(1, round(depth.shape[0] * TILE_WIDTH / depth.shape[1])))
    row = np.hstack(
        [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures]
    )
    _text(row, f'{seconds:.1f} s', 4, 14)
    return row


def _black() -> Picture:
    return np.zeros((1, 1, 3), np.uint8)


def _grey(values: NDArray[Any]) -> Picture:
    levels = (np.nan_to_num(np.clip(values, 0, 1)) * 255).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)


def _labels(ratio: float) -> Picture:
    strip = np.zeros((LABEL_HEIGHT, TILE_WIDTH * len(LABELS), 3), np.uint8)
    for index, label in enumerate(LABELS):
        extra = f', far : near = {ratio:.1f}' if label == LABELS.depth else ''
        _text(strip, label + extra, index * TILE_WIDTH + 4, 15)
    return strip


def _text(picture: Picture, text: str, x: int, y: int) -> None:
    cv2.putText(picture, text, (x, y), FONT, 0.42, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(picture, text, (x, y), FONT, 0.42, (255, 255, 255), 1, cv2.LINE_AA)


def _write(path: Path, picture: Picture) -> None:
    done, content = cv2.imencode('.png', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert done
    try:
        path.write_bytes(content.tobytes())
    except OSError as error:
        raise OutputError(f'{path} cannot be written: {error.strerror}') from error
