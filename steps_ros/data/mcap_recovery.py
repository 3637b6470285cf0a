"""
What is left of .mcap files that were cut off before their index was written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
import os
from pathlib import Path
from typing import Any

from mcap.exceptions import RecordLengthLimitExceeded
from mcap.records import Channel, Chunk, McapRecord, Message, Schema
from mcap.stream_reader import breakup_chunk, StreamReader

from steps_ros.data.bag_checks import check_topics
from steps_ros.data.bag_compression import unpacked
from steps_ros.errors import SourceError
from steps_ros.limits import limits, require_within

Item = tuple[str, str, int, Any]


class RecoveredMcap:
    """Files read from their beginning to the first damage, without an index."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """
        Go through the files once to see which topics they have.

        :raises SourceError: they are above a limit.
        """
        self._paths = paths
        self._counts: dict[tuple[str, str], int] = {}
        self._good_bytes: dict[Path, int] = {}
        for topic, message_type, _, _ in self.read(None):
            key = (topic, message_type)
            self._counts[key] = self._counts.get(key, 0) + 1
            check_topics(paths[0], len(self._counts))

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the number of readable messages by topic and message type."""
        return self._counts

    @property
    def lost(self) -> str:
        """Say how much of the files cannot be read."""
        whole = sum(path.stat().st_size for path in self._paths)
        lost = whole - sum(self._good_bytes.values())
        return f'{lost} of {whole} bytes ({lost / whole:.1%}) cannot be read, nor what was cut off'

    def read(self, topics: Collection[str] | None) -> Iterator[Item]:
        """Yield topic, message type, time of receipt and content, in the order of the file."""
        for path in self._paths:
            try:
                yield from _messages(path, topics, partial(self._good_bytes.__setitem__, path))
            except SourceError:
                raise
            except Exception:
                # The damage is known and named already; each file ends at its own.
                continue

    def close(self) -> None:
        """Do nothing: every pass opens the files anew."""


def _messages(
    path: Path, topics: Collection[str] | None, reach: Callable[[int], None]
) -> Iterator[Item]:
    schemas: dict[int, Schema] = {}
    channels: dict[int, Channel] = {}
    for record in _records(path, reach):
        if isinstance(record, Schema):
            schemas[record.id] = record
        elif isinstance(record, Channel):
            channels[record.id] = record
        elif isinstance(record, Message):
            channel = channels[record.channel_id]
            schema = schemas.get(channel.schema_id)
            is_wanted = topics is None or channel.topic in topics
            if is_wanted and schema is not None and channel.message_encoding == 'cdr':
                yield channel.topic, schema.name, record.log_time, record.data


def _records(path: Path, reach: Callable[[int], None]) -> Iterator[McapRecord]:
    """Yield the records, and tell after each how many bytes of the file were good so far."""
    with path.open('rb') as file:
        most = limits().unpacked_bytes
        try:
            for record in StreamReader(file, emit_chunks=True, record_size_limit=most).records:
                if not isinstance(record, Chunk):
                    yield record
                elif record.compression:
                    plain = unpacked(record.data, record.uncompressed_size, record.compression)
                    yield from breakup_chunk(replace(record, compression='', data=plain))
                else:
                    yield from breakup_chunk(record)
                reach(file.tell())
        except RecordLengthLimitExceeded:
            # A length that the file has is no damage. Its eight bytes were read last.
            file.seek(-8, os.SEEK_CUR)
            length = int.from_bytes(file.read(8), 'little')
            if file.tell() + length <= path.stat().st_size:
                require_within('unpacked_bytes', length, f'a record of {path}', SourceError)
            raise
