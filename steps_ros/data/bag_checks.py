"""
A look at a bag before a library reads it: how many topics it has, and whether its tables are data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePath
import sqlite3
import struct
from typing import Any
from urllib.parse import quote

from rosbags.rosbag1.reader import Header, ReaderError

from steps_ros.data.bag_compression import unpacked_files
from steps_ros.errors import SourceError
from steps_ros.limits import require_within
from steps_ros.regular_file import require_regular
from steps_ros.yaml_file import read_yaml

METADATA = 'metadata.yaml'
MCAP_FOOTER = struct.Struct('<BQQ')
MCAP_FOOTER_BYTES = 37
MCAP_RECORD = struct.Struct('<BQ')
MCAP_CHANNEL = 4
# The tables of a .db3 that are read, and how those that hold what they give are made.
TABLES = ('topics', 'messages', 'schema', 'message_definitions', 'metadata')
PLAIN = ('CREATE TABLE ', 'CREATE INDEX ', 'CREATE UNIQUE INDEX ')
# What PRAGMA table_xinfo says of columns that are computed when they are read.
COMPUTED = (2, 3)
# Of SQLite's machine, for the look at a file; ten thousand topics take far fewer.
MOST_STEPS = 1_000_000
# The address of a database is cut at the first two, and what follows the third is decoded.
NOT_IN_ADDRESSES = frozenset('?#%')


def read_metadata(folder: Path) -> dict[str, Any]:
    """
    Read what the metadata.yaml of a bag folder says.

    :raises SourceError: it is above ``text_bytes``.
    :raises ValueError: it is damaged, or no YAML that anyone may parse.
    :raises OSError: it cannot be opened.
    """
    path = folder / METADATA
    require_within('text_bytes', path.stat().st_size, str(path), SourceError)
    content = read_yaml(path)
    return dict(content['rosbag2_bagfile_information'])


@contextmanager
def checked_bag(path: Path) -> Iterator[Path]:
    """
    Hold a bag against the limits.

    :returns: where it is for the time of the block: in place, or unpacked where its files are
        compressed.
    :raises SourceError: it is above a limit, or a table of a .db3 is computed.
    :raises ValueError: its metadata.yaml is damaged.
    """
    if not path.is_dir():
        _check_file(path)
        yield path
        return
    metadata = read_metadata(path)
    if str(metadata.get('compression_mode')).lower() == 'file':
        with unpacked_files(path, metadata) as plain, checked_bag(plain):
            yield plain
        return
    for name in metadata.get('relative_file_paths', ()):
        # A file lies in the folder, whatever else its name says.
        _check_file(path / PurePath(name).name)
    yield path


def check_topics(path: Path, count: int) -> None:
    """
    Hold the number of topics of a bag against ``bag_topics``.

    :raises SourceError: it is above.
    """
    require_within('bag_topics', count, str(path), SourceError)


def _check_file(path: Path) -> None:
    """Count the topics that a file states; damage is named better by whoever reads it."""
    with suppress(OSError, ReaderError, struct.error):
        require_regular(path, str(path), SourceError)
        count = _counter(path)
        if count is None:
            return
        check_topics(path, count(path))


def _counter(path: Path) -> Callable[[Path], int] | None:
    """Choose by what is in the file, which need not be what its name says."""
    with path.open('rb') as file:
        start = file.read(16)
    known = (kind for kind in _COUNTERS if start.startswith(_STARTS[kind]))
    return _COUNTERS.get(next(known, path.suffix))


def _mcap_topics(path: Path) -> int:
    with path.open('rb') as file:
        end = file.seek(-MCAP_FOOTER_BYTES, 2)
        _, _, start = MCAP_FOOTER.unpack(file.read(MCAP_FOOTER.size))
        count, position = 0, start or end
        while position < end:
            file.seek(position)
            kind, length = MCAP_RECORD.unpack(file.read(MCAP_RECORD.size))
            count += kind == MCAP_CHANNEL
            position += MCAP_RECORD.size + length
    return count


def _ros1_topics(path: Path) -> int:
    with path.open('rb') as file:
        file.readline(64)
        return int(Header.read(file).get_uint32('conn_count'))


def _sqlite_topics(path: Path) -> int:
    if NOT_IN_ADDRESSES & {*str(path)}:
        raise SourceError(f'{path}: rosbags would open another file; rename it without ?, # and %')
    address = f'file:{quote(str(path.absolute()))}?mode=ro&immutable=1'
    with closing(sqlite3.connect(address, uri=True)) as database:
        database.set_progress_handler(lambda: 1, MOST_STEPS)
        _check_tables(path, database)
        return int(database.execute('SELECT count(*) FROM topics').fetchone()[0])


def _check_tables(path: Path, database: sqlite3.Connection) -> None:
    """
    Look whether a database holds what it gives; a view makes gigabytes of nothing.

    :raises SourceError: it has views, triggers, virtual tables or computed columns.
    """
    for name, made in database.execute('SELECT name, sql FROM sqlite_master'):
        if made is not None and not made.startswith(PLAIN):
            raise SourceError(f'{path}: {name!r} in it is no table that holds data; no bag has it')
    for table in TABLES:
        columns = database.execute(f'PRAGMA table_xinfo({table})').fetchall()
        if any(column[-1] in COMPUTED for column in columns):
            raise SourceError(f'{path}: its table {table} computes what it holds; no bag does')


_STARTS = {'.mcap': b'\x89MCAP0\r\n', '.bag': b'#ROSBAG', '.db3': b'SQLite format 3\0'}
_COUNTERS: dict[str, Callable[[Path], int]] = {
    '.mcap': _mcap_topics,
    '.bag': _ros1_topics,
    '.db3': _sqlite_topics,
}
