"""
What took long to build, kept on disk from start to start.

An entry is a folder that is named after everything that its content depends on. It is filled under
another name and renamed when it is whole, so that a half-built one is never used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
import errno
import hashlib
import json
import logging
import os
from pathlib import Path
import shutil
import tempfile
import time
from typing import Any, NamedTuple

from steps_ros.errors import SettingsError
from steps_ros.inference.file_hash import file_sha256

FACTS = 'entry.json'
PARTIAL, FOLDER_OF_ENTRY, NOTE = 'partial-', 'engine-', 'choice-'
# Every training makes new weights, and each of their engines is as large as they are.
MOST_ENTRIES = 24
ABANDONED_S = 24 * 3600.0

Key = Mapping[str, str]
logger = logging.getLogger(__name__)


class Entry(NamedTuple):
    """A whole entry: its folder, and what was found out of it when it was built."""

    folder: Path
    facts: Mapping[str, Any]


def cache_folder() -> Path:
    """
    Return where engines are kept: below XDG_CACHE_HOME, or ~/.cache.

    :raises SettingsError: this user has no home.
    """
    base = os.environ.get('XDG_CACHE_HOME', '')
    # The specification says that a relative path is to be ignored.
    if Path(base).is_absolute():
        return Path(base) / 'steps_ros' / 'engines'
    try:
        return Path.home() / '.cache' / 'steps_ros' / 'engines'
    except RuntimeError as error:
        raise SettingsError(f'no place for engines: {error}; set XDG_CACHE_HOME') from error


class EngineCache:
    """
    Entries below one folder; where it cannot be written, that is said once, and nothing is kept.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._has_complained = False

    def find(self, key: Key) -> Entry | None:
        """Return the entry of a key, None where there is none that is whole."""
        folder = self._root / (FOLDER_OF_ENTRY + _digest(key))
        facts = _read(folder / FACTS)
        try:
            if facts.get('key') != dict(key) or facts.get('files') != _contents(folder):
                return None
        except OSError:  # another process takes it away just now
            return None
        with suppress(OSError):
            os.utime(folder)
        return Entry(folder, facts)

    @contextmanager
    def workplace(self) -> Iterator[Path | None]:
        """Give a folder to build in, which is taken away after; None where none can be made."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=self._root))
        except OSError as error:
            self.complain(error)
            yield None
            return
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, key: Key, folder: Path, facts: Mapping[str, Any]) -> None:
        """Make an entry of a workplace, unless another process was faster."""
        try:
            _write(folder / FACTS, {**facts, 'key': dict(key), 'files': _contents(folder)})
            for path in folder.iterdir():
                _to_disk(path)
            if self.find(key) is None:
                _put(folder, self._root / (FOLDER_OF_ENTRY + _digest(key)))
        except OSError as error:
            if self.find(key) is None:
                self.complain(error)
        self._tidy()

    def forget(self, entry: Entry) -> None:
        """Take an entry away that turned out to be damaged."""
        shutil.rmtree(entry.folder, ignore_errors=True)

    def note(self, key: Key) -> Mapping[str, Any]:
        """Return what was noted under a key, empty where nothing was."""
        noted = _read(self._root / f'{NOTE}{_digest(key)}.json')
        return noted if noted.get('key') == dict(key) else {}

    def write_note(self, key: Key, values: Mapping[str, Any]) -> None:
        """Note values under a key, in place of earlier ones."""
        with self.workplace() as folder:
            if folder is None:
                return
            try:
                _write(folder / FACTS, {**values, 'key': dict(key)})
                (folder / FACTS).rename(self._root / f'{NOTE}{_digest(key)}.json')
            except OSError as error:
                self.complain(error)

    def complain(self, error: OSError) -> None:
        """Say once that nothing can be kept."""
        if not self._has_complained:
            logger.warning(
                '%s: engines cannot be kept (%s) and are built at every start; make room, or set '
                'XDG_CACHE_HOME to a place that can be written',
                self._root,
                error.strerror or error,
            )
        self._has_complained = True

    def _tidy(self) -> None:
        """Take away the entries that were not used for longest, and what builders left behind."""
        with suppress(OSError):
            entries = sorted(self._root.glob(f'{FOLDER_OF_ENTRY}*'), key=_modified)
            left = [
                path
                for path in self._root.glob(f'{PARTIAL}*')
                if time.time() - _modified(path) > ABANDONED_S
            ]
            for path in [*entries[:-MOST_ENTRIES], *left]:
                shutil.rmtree(path, ignore_errors=True)


def _put(folder: Path, place: Path) -> None:
    """Rename a folder, in place of a damaged one."""
    # Below the name of the builder, so that no two processes have the same.
    aside = folder.with_name(f'{folder.name}-damaged')
    with suppress(FileNotFoundError):
        place.rename(aside)
    try:
        folder.rename(place)
    except OSError as error:
        # Another builder has put its own there since, which is whole.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _digest(key: Key) -> str:
    return hashlib.sha256(json.dumps(dict(key), sort_keys=True).encode()).hexdigest()[:24]


def _contents(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the files of an entry, without the one that says them."""
    if not folder.is_dir():
        return {}
    return {path.name: file_sha256(path) for path in folder.iterdir() if path.name != FACTS}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2), encoding='utf-8')
    _to_disk(path)


def _to_disk(path: Path) -> None:
    """Wait until the content has arrived, so that a rename is never there before it."""
    with path.open('rb') as file:
        os.fsync(file.fileno())


def _modified(path: Path) -> float:
    return path.stat().st_mtime
