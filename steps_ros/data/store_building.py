"""
Drives into stores: every frame is decoded, rectified, cut, resized and judged once.

A store is built in a hidden folder and renamed when it is whole, so that whoever finds it can use
it; of two processes that build the same one, the second takes the first one's. Memory does not
grow with the length of the drive, but for three numbers a frame.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
import hashlib
import json
import logging
import os
from pathlib import Path
import shutil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from steps_ros.core.camera import Camera
from steps_ros.data.array_file import ArrayFile
from steps_ros.data.cameras import read_camera
from steps_ros.data.content_hash import content_hash
from steps_ros.data.drive_kinds import open_drive
from steps_ros.data.drive_options import DriveOptions
from steps_ros.data.drives import Drive, DriveFrame, UNREADABLE
from steps_ros.data.frame_quality import (
    BLACK,
    change,
    exposure_fault,
    Floats,
    SATURATED,
    STANDSTILL,
    thumbnail,
)
from steps_ros.data.preparation import Preparation, Prepared
from steps_ros.data.private_folder import private_folder, publish
from steps_ros.data.store import (
    FORMAT,
    INDEX,
    index_bytes,
    open_store,
    Store,
    StoreIndex,
)
from steps_ros.data.store_files import StoreFiles
from steps_ros.data.store_settings import StoreSettings
from steps_ros.data.triplets import form_triplets, FrameNote, Triplets
from steps_ros.data.working_ahead import in_order
from steps_ros.errors import OutputError, SourceError

Progress = Callable[[int, 'int | None'], None]

FEWEST = 3
KEY_DIGITS = 32
LONGER = 'record a longer drive'
REMEDIES = {
    BLACK: 'take a drive in which something can be seen',
    SATURATED: 'take a drive with a shorter exposure',
    STANDSTILL: 'take a drive that moves',
    UNREADABLE: 'record it again, or choose another topic',
}

logger = logging.getLogger(__name__)


def default_cache() -> Path:
    """Return where stores are kept: ``$XDG_CACHE_HOME/steps_ros``, else ``~/.cache/steps_ros``."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'steps_ros'


def build_store(
    path: Path,
    settings: StoreSettings,
    options: DriveOptions | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Store:
    """
    Return the store of a drive, made now or long ago.

    :param cache: the folder of all stores; :func:`default_cache` where None.
    :param progress: called with the number of frames read so far and, where it is known, of all.
    :raises SourceError: the drive cannot be read, has no camera, one that does not fit, images of
        several sizes, or fewer than three usable frames in a row.
    :raises OutputError: the disk is full or the cache cannot be written.
    """
    options = options or DriveOptions()
    with open_drive(path, options) as drive:
        return store_of(drive, settings, options, cache, progress)


def store_of(
    drive: Drive,
    settings: StoreSettings,
    options: DriveOptions,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Store:
    """
    Return the store of an opened drive, as :func:`build_store`.

    :param options: with which it was opened.
    """
    cache = cache or default_cache()
    given = None if options.intrinsics is None else read_camera(options.intrinsics)
    content = content_hash(drive.content, cache)
    final = cache / _key(drive.kind, content, settings, options, given)
    found = _complete(final)
    if found is not None:
        return found
    try:
        with private_folder(cache, final.name) as folder:
            writing = _Writing(drive, settings, given, folder)
            index = writing.write(content, progress or (lambda done, total: None))
            _finish(folder, index)
            publish(folder, final)
    except OSError as error:
        raise _cannot_write(cache, error) from error
    return open_store(final)


class _Judged(NamedTuple):
    """A prepared frame, its thumbnail, and what is wrong with its exposure."""

    item: DriveFrame
    prepared: Prepared
    small: Floats
    fault: str


class _Writing:
    """One pass over a drive, into the files of a store."""

    def __init__(
        self, drive: Drive, settings: StoreSettings, given: Camera | None, folder: Path
    ) -> None:
        self._drive, self._settings, self._folder = drive, settings, folder
        self._preparation = Preparation(drive, settings, given)
        self._notes: list[FrameNote] = []
        self._dropped: Counter[str] = Counter()
        self._last: Floats | None = None
        self._located = 0

    def write(self, content: str, progress: Progress) -> StoreIndex:
        """Write all but the index, which is returned."""
        settings, has_depth = self._settings, self._settings.depth and self._drive.has_depth
        seen = 0
        with StoreFiles(self._folder, (settings.height, settings.width), has_depth) as files:
            for judged in in_order(self._judged, self._items()):
                if judged is not None:
                    self._take(judged, files)
                seen += 1
                progress(seen, self._drive.frame_count)
        triplets = form_triplets(self._notes, settings.longest_gap)
        self._dropped.update(self._drive.unread)
        self._check(triplets, seen)
        _write_array(self._folder / 'triplets.npy', triplets.rows)
        return StoreIndex(
            name=self._drive.name,
            kind=self._drive.kind,
            content=content,
            settings=asdict(settings),
            height=settings.height,
            width=settings.width,
            frame_count=files.count,
            triplet_count=len(triplets.rows),
            seen_count=seen,
            located_count=self._located,
            period_ns=triplets.period_ns,
            dropped=dict(self._dropped + triplets.reasons),
            damage=self._drive.damage,
            has_depth=has_depth,
        )

    def _items(self) -> Iterator[DriveFrame | None]:
        """Yield the frames of the drive, None for those between two strides."""
        for index, item in enumerate(self._drive):
            if index % self._settings.stride:
                yield None
                continue
            self._preparation.check_size(item)
            yield item

    def _judged(self, item: DriveFrame | None) -> _Judged | None:
        """Do the work of a frame that depends on no other; threads call this."""
        if item is None:
            return None
        prepared = self._preparation.prepared(item)
        small = thumbnail(prepared.image)
        lean = item._replace(frame=item.frame._replace(image=prepared.image), depth=None)
        return _Judged(lean, prepared, small, exposure_fault(small))

    def _take(self, judged: _Judged, files: StoreFiles) -> None:
        """Store a frame, or drop it and remember why."""
        item, prepared, small, fault = judged
        fault = fault or self._standstill(item, small)
        row, stamp_ns = -1, item.frame.stamp_ns
        if fault:
            self._dropped[fault] += 1
        else:
            row = files.append(prepared, stamp_ns, item.position)
            self._located += item.position is not None
            self._last = small
        self._notes.append(FrameNote(stamp_ns, item.sequence, row))

    def _standstill(self, item: DriveFrame, small: Floats) -> str:
        speed, settings = item.speed_mps, self._settings
        stands = speed is not None and abs(speed) < settings.least_speed_mps
        if not stands and self._last is not None:
            stands = change(small, self._last) < settings.least_change
        return STANDSTILL if stands else ''

    def _check(self, triplets: Triplets, seen: int) -> None:
        """Raise :class:`SourceError` where nothing can be learnt from the drive."""
        if len(triplets.rows):
            return
        kept = sum(note.row >= 0 for note in self._notes)
        why = ', '.join(f'{count} {reason}' for reason, count in self._dropped.most_common())
        raise SourceError(
            f'{self._drive.name} has {kept} usable frames of {seen} and no three in a row'
            f'{f" ({why})" if why else ""}; at least {FEWEST} are needed: {self._remedy(seen)}'
        )

    def _remedy(self, seen: int) -> str:
        """Say what to do about most of the frames that were dropped; there may be too few."""
        (reason, count), *_ = self._dropped.most_common(1) or [('', 0)]
        return REMEDIES.get(reason, LONGER) if seen - count < FEWEST <= seen else LONGER


def _key(
    kind: str, content: str, settings: StoreSettings, options: DriveOptions, given: Camera | None
) -> str:
    """Return the name of a store: a hash of all that decides what it holds."""
    chosen = {**asdict(options), 'intrinsics': None if given is None else asdict(given)}
    parts = [FORMAT, kind, content, asdict(settings), chosen]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]


def _complete(final: Path) -> Store | None:
    """Return the store that is there; a damaged one is taken away."""
    if not final.exists():
        return None
    try:
        return open_store(final)
    except SourceError as error:
        logger.warning('%s', error)
        shutil.rmtree(final, ignore_errors=True)
        return None


def _finish(folder: Path, index: StoreIndex) -> None:
    with (folder / INDEX).open('wb') as file:
        file.write(index_bytes(index))
        file.flush()
        os.fsync(file.fileno())


def _write_array(path: Path, rows: NDArray[np.int64]) -> None:
    with ArrayFile(path, rows.shape[1:], '<i8') as file:
        for row in rows:
            file.append(row)


def _cannot_write(cache: Path, error: OSError) -> OutputError:
    return OutputError(
        f'{cache}: decoded frames cannot be written: {error.strerror or error}; make room there, '
        'or choose another cache folder'
    )
