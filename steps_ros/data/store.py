"""
Decoded drives on disk, as training reads them: numpy and JSON, nothing else.

A store is a folder. ``index.json`` says what it was made from and is written last;
``frames_00000.npy`` and so on hold uint8 (N, H, W, 3) RGB, ``depth_00000.npy`` float16 (N, H, W)
metres along the optical axis, +inf sky, NaN unknown, where depth was asked for; the last shard is
shorter than the others. ``intrinsics.npy`` float32 (F, 3, 3), ``stamps.npy`` int64 (F,)
nanoseconds and ``positions.npy`` float64 (F, 3), where odometry had the vehicle, metres, NaN where
there was none, belong to all frames; ``triplets.npy`` int64 (T, 3) names previous, target and next
of each triplet. A frame is stored once, however many triplets it is in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
from pathlib import Path
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.data.outputs import json_bytes
from steps_ros.data.paths import exists
from steps_ros.errors import SourceError

FORMAT = 3
INDEX = 'index.json'
SHARD_FRAMES = 256
SECOND_NS = 1_000_000_000
# No road vehicle is faster, or so suddenly; odometry that starts anew or corrects itself is.
FASTEST_MPS, HARDEST_MPS2, NOISE_M = 70.0, 20.0, 0.2
_WINDOW = re.compile(r'(?P<path>.+)@(?P<start>[\d.]+)-(?P<end>[\d.]*)(?P<share>%?)')


@dataclass(frozen=True)
class StoreIndex:
    """
    What ``index.json`` holds.

    ``name`` is the drive's path, ``kind`` what it is, ``content`` the SHA-256 of its bytes;
    ``settings`` how it was decoded. ``period_ns`` is the median time between frames, ``dropped``
    counts frames by reason, ``located_count`` those with a position; ``damage`` says what could
    not be read of a truncated drive.
    """

    name: str
    kind: str
    content: str
    settings: dict[str, Any]
    height: int
    width: int
    frame_count: int
    triplet_count: int
    seen_count: int
    located_count: int
    period_ns: int
    dropped: dict[str, int]
    damage: str
    has_depth: bool
    format: int = FORMAT

    def __post_init__(self) -> None:
        """Raise :class:`ValueError` for counts and sizes that no store has."""
        for name in ('height', 'width', 'frame_count'):
            _check_whole(name, getattr(self, name), least=1)
        for name in ('triplet_count', 'seen_count', 'located_count', 'period_ns'):
            _check_whole(name, getattr(self, name), least=0)
        if not isinstance(self.dropped, dict):
            raise ValueError(f'dropped {self.dropped!r} does not count by reason')
        for reason, count in self.dropped.items():
            _check_whole(f'dropped {reason}', count, least=0)


def _check_whole(name: str, value: object, least: int) -> None:
    if type(value) is not int or value < least:
        raise ValueError(f'{name} {value!r} is not a whole number of at least {least}')


class Window(NamedTuple):
    """
    A part of a drive: from ``start`` to before ``end``.

    In seconds from the first frame, or in percent of the frames where ``is_share``.
    """

    start: float
    end: float
    is_share: bool


class Part(NamedTuple):
    """A drive and which part of it is meant, all where None."""

    path: Path
    window: Window | None = None


class Store:
    """A complete store, opened; its arrays are mapped into memory, not read."""

    def __init__(self, folder: Path, index: StoreIndex) -> None:
        """
        Map the arrays.

        :raises SourceError: a file is missing, damaged or of another size.
        """
        self.folder = folder
        self.index = index
        count, size = index.frame_count, (index.height, index.width)
        self.stamps = self._array('stamps', (count,), 'int64')
        self.intrinsics = self._array('intrinsics', (count, 3, 3), 'float32')
        self.positions = self._array('positions', (count, 3), 'float64')
        self.triplets = self._array('triplets', (index.triplet_count, 3), 'int64')
        if ((self.triplets < 0) | (self.triplets >= count)).any():
            raise SourceError(f'{folder}: triplets name other frames; {self._remedy()}')
        self._frames = self._shards('frames', (*size, 3), 'uint8')
        self._depth = self._shards('depth', size, 'float16') if index.has_depth else []

    def frame(self, row: int) -> NDArray[np.uint8]:
        """Return (H, W, 3) RGB, a view of the file."""
        pixels: NDArray[np.uint8] = self._frames[row // SHARD_FRAMES][row % SHARD_FRAMES]
        return pixels

    def depth(self, row: int) -> NDArray[np.float16]:
        """Return (H, W) metres, a view of the file; only of a store that has depth."""
        metres: NDArray[np.float16] = self._depth[row // SHARD_FRAMES][row % SHARD_FRAMES]
        return metres

    def ways(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """
        Return how far the vehicle went from the target to the previous and to the next frame.

        :param rows: (T, 3), triplets.
        :returns: (T, 2) metres, NaN where odometry does not tell, both where it jumps.
        """
        target, others = rows[:, 1:2], rows[:, (0, 2)]
        metres = np.linalg.norm(self.positions[others] - self.positions[target], axis=2)
        seconds = np.abs(self.stamps[others] - self.stamps[target]) / SECOND_NS
        is_jump = (metres > FASTEST_MPS * seconds).any(1)
        # From one speed to the other in the time of one way.
        shorter = seconds.min(1)
        speeds = metres / np.maximum(seconds, 1e-9)
        is_jump |= np.abs(np.diff(speeds)[:, 0]) * shorter > HARDEST_MPS2 * shorter**2 + NOISE_M
        return np.where(is_jump[:, None], np.nan, metres).astype(np.float32)

    def part(self, window: Window | None) -> NDArray[np.int64]:
        """
        Return the triplets (T, 3) whose frames all lie in the window.

        :raises SourceError: there is none.
        """
        if window is None:
            return self.triplets
        if window.is_share:
            places = np.arange(self.index.frame_count) * (100 / self.index.frame_count)
        else:
            places = (self.stamps - self.stamps.min()) / SECOND_NS
        inside = (places >= window.start) & (places < window.end)
        chosen = self.triplets[inside[self.triplets].all(1)]
        if not len(chosen):
            length = (self.stamps.max() - self.stamps.min()) / SECOND_NS
            raise SourceError(
                f'{self.index.name} has no three frames from {window.start:g} to {window.end:g}'
                f'{"%" if window.is_share else " s"}; it is {length:.1f} s long: choose another '
                'part'
            )
        return np.asarray(chosen)

    def _shards(self, name: str, shape: tuple[int, ...], dtype: str) -> list[NDArray[Any]]:
        count = self.index.frame_count
        lengths = [min(SHARD_FRAMES, count - start) for start in range(0, count, SHARD_FRAMES)]
        return [
            self._array(shard_name(name, number), (length, *shape), dtype)
            for number, length in enumerate(lengths)
        ]

    def _array(self, name: str, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        path = self.folder / f'{name}.npy'
        try:
            array = np.lib.format.open_memmap(path, mode='r')
        except Exception as error:  # numpy parses the header as Python does
            reason = ' '.join(str(error).split()) or type(error).__name__
            raise SourceError(f'{path} cannot be read: {reason}; {self._remedy()}') from error
        if array.shape != shape or array.dtype != dtype:
            found = f'{array.dtype} of {array.shape}'
            raise SourceError(f'{path} is {found}, not {dtype} of {shape}; {self._remedy()}')
        # A plain view costs less per access than numpy's own class for mapped files.
        return np.asarray(array)

    def _remedy(self) -> str:
        return f'delete {self.folder}, it will be made again'


def open_store(folder: Path) -> Store:
    """
    Open a complete store.

    :raises SourceError: it is none, or damaged.
    """
    path = folder / INDEX
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        if content.get('format') != FORMAT:
            raise ValueError(f'format {content.get("format")} is not {FORMAT}')
        return Store(folder, StoreIndex(**content))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        reason = ' '.join(str(error).split())
        raise SourceError(
            f'{folder} is no store: {reason}; delete it, it will be made again'
        ) from error


def summary(index: StoreIndex) -> str:
    """Return one line that says how much of a drive is used and why the rest is not."""
    reasons = sorted(index.dropped.items(), key=lambda item: (-item[1], item[0]))
    why = ', '.join(f'{count} {reason}' for reason, count in reasons)
    located = f', {index.located_count or "none"} with odometry'
    line = (
        f'{index.name}: {index.frame_count} of {index.seen_count} frames{located}, '
        f'{index.triplet_count} triplets{f" (not used: {why})" if why else ""}'
    )
    return f'{line}; {index.damage}' if index.damage else line


def index_bytes(index: StoreIndex) -> bytes:
    """Return what ``index.json`` holds."""
    return json_bytes(asdict(index))


def shard_name(name: str, number: int) -> str:
    """Return the stem of a shard."""
    return f'{name}_{number:05d}'


def parse_part(text: str) -> Part:
    """
    Read PATH, PATH@START-END in seconds, or PATH@START-END% in percent of the frames.

    END may be left out. A path that exists as it is written is taken whole.

    :raises SourceError: the end is not behind the start.
    """
    match = _WINDOW.fullmatch(text)
    if match is None or exists(Path(text)):
        return Part(Path(text))
    try:
        start, end = float(match['start']), float(match['end'] or 'inf')
    except ValueError:
        return Part(Path(text))
    if not start < end:
        raise SourceError(f'{text}: the part from {start:g} to {end:g} is empty; write START-END')
    return Part(Path(match['path']), Window(start, end, bool(match['share'])))
