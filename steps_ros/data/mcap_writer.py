"""
One .mcap file of ROS 2 messages, written without ROS.

The file is what ``ros2 bag``, Foxglove and rosbags open as a bag of its own, without a folder
and a metadata.yaml around it: what would stand there is in the file.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from mcap.writer import CompressionType, Writer

from steps_ros.data.bag_metadata import (
    BagSummary,
    metadata_yaml,
    offered_qos,
    RECORD_KEY,
    RECORD_NAME,
    TopicSummary,
)
from steps_ros.data.messages import definition, serialise, type_hash
from steps_ros.errors import OutputError

PARTIAL = '.partial'
CHUNK_BYTES = 1 << 20


class McapWriter:
    """
    An open recording; use it as a context manager, from one thread at a time.

    Messages go to ``PATH.partial``. Leaving the block finishes the file and renames it to
    ``PATH``, also on Ctrl-C, which is how a recording is ended; after any other exception it
    is finished but keeps the name ``.partial``.
    """

    def __init__(self, path: Path | str, overwrite: bool = False) -> None:
        """
        Create the file.

        :raises OutputError: the path exists and ``overwrite`` is false, or cannot be written.
        """
        self.path = Path(path)
        self.partial = self.path.with_name(self.path.name + PARTIAL)
        if self.path.exists() and not overwrite:
            raise OutputError(f'{self.path} exists; choose another name or give --overwrite')
        self._channels: dict[str, tuple[int, TopicSummary]] = {}
        self._summary = BagSummary([])
        self._schemas: dict[str, int] = {}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.partial.unlink(missing_ok=True)
            self._file: BinaryIO = self.partial.open('xb')
            self._writer = _start(self._file)
        except OSError as error:
            raise self._failure(error) from error

    def write(
        self,
        topic: str,
        message_type: str,
        content: bytes | memoryview,
        stamp_ns: int,
        receive_ns: int | None = None,
    ) -> None:
        """
        Append a serialised message.

        :param message_type: a standard type, such as ``sensor_msgs/msg/Image``.
        :param content: CDR with its four byte header, as rclpy's raw subscriptions give it.
        :param stamp_ns: time of the message itself.
        :param receive_ns: time it came in, by which players order; ``stamp_ns`` where None.
        :raises OutputError: the disk is full or gone.
        """
        channel = self._channels.get(topic)
        try:
            if channel is None:
                channel = self._channels[topic] = self._register(topic, message_type)
            number, topic_summary = channel
            log_ns = stamp_ns if receive_ns is None else receive_ns
            self._writer.add_message(
                channel_id=number, log_time=log_ns, publish_time=stamp_ns, data=content
            )
            self._summary.count(topic_summary, log_ns)
        except OSError as error:
            raise self._failure(error) from error

    def write_message(
        self, topic: str, message: Any, stamp_ns: int, receive_ns: int | None = None
    ) -> None:
        """Append a message made by :mod:`steps_ros.data.messages`."""
        self.write(topic, message.__msgtype__, serialise(message), stamp_ns, receive_ns)

    def close(self) -> None:
        """
        Finish the file and give it its name.

        :raises OutputError: the disk is full, or the name cannot be given; the recording then
            keeps that of ``partial``.
        """
        self._finish()
        try:
            self.partial.replace(self.path)
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(
                f'{self.path} cannot be written: {reason}; the whole recording is {self.partial}, '
                'rename it'
            ) from error

    def __enter__(self) -> McapWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the file; name it where nothing but an interrupt came."""
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self.close()
        elif not self._file.closed:
            self._finish()

    def _finish(self) -> None:
        try:
            # Closing writes what is left, and a full disk shows itself there too.
            with self._file:
                record = {RECORD_KEY: metadata_yaml(self._summary)}
                self._writer.add_metadata(RECORD_NAME, record)
                self._writer.finish()
        except OSError as error:
            raise self._failure(error) from error

    def _register(self, topic: str, message_type: str) -> tuple[int, TopicSummary]:
        schema = self._schemas.get(message_type)
        if schema is None:
            text = definition(message_type).encode()
            schema = self._writer.register_schema(message_type, 'ros2msg', text)
            self._schemas[message_type] = schema
        summary = TopicSummary(topic, message_type, type_hash(message_type))
        self._summary.topics.append(summary)
        metadata = {
            'offered_qos_profiles': offered_qos(topic),
            'topic_type_hash': summary.type_hash,
        }
        number: int = self._writer.register_channel(topic, 'cdr', schema, metadata)
        return number, summary

    def _failure(self, error: OSError) -> OutputError:
        reason = error.strerror or str(error)
        return OutputError(f'{self.path} cannot be written: {reason}; choose another place')


def _start(file: BinaryIO) -> Any:
    # Images hardly compress and checksums cost as much as the copy: neither pays for itself here.
    writer = Writer(
        file, chunk_size=CHUNK_BYTES, compression=CompressionType.NONE, enable_crcs=False
    )
    writer.start(profile='ros2', library='steps_ros')
    return writer
