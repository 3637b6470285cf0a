"""
What is left of .mcap files that were cut off before their index was written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcap.reader import NonSeekingReader


class RecoveredMcap:
    """Files read from their beginning to the first damage, without an index."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Go through the files once to see which topics they have."""
        self._paths = paths
        self._counts: dict[tuple[str, str], int] = {}
        for topic, message_type, _, _ in self.read(None):
            key = (topic, message_type)
            self._counts[key] = self._counts.get(key, 0) + 1

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the number of readable messages by topic and message type."""
        return self._counts

    def read(self, topics: Collection[str] | None) -> Iterator[tuple[str, str, int, Any]]:
        """Yield topic, message type, time of receipt and content, in the order of the file."""
        for path in self._paths:
            # The damage is known and named already; each file ends at its own.
            with suppress(Exception), path.open('rb') as file:
                messages = NonSeekingReader(file).iter_messages(topics, log_time_order=False)
                for schema, channel, message in messages:
                    if schema is not None and channel.message_encoding == 'cdr':
                        yield channel.topic, schema.name, message.log_time, message.data

    def close(self) -> None:
        """Do nothing: every pass opens the files anew."""
