"""
Messages out of ROS 2 and ROS 1 bags, without ROS.

A bag is a folder with a metadata.yaml, a bare .mcap or .db3, or a ROS 1 .bag. Only messages of
standard types are decoded, by the definitions that ship with rosbags: those of sensor_msgs are
the same in every ROS 2 distribution, and a damaged definition elsewhere in the bag is no matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
import logging
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rosbags import rosbag1, rosbag2
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

from steps_ros.data.bag_checks import check_topics, checked_bag, METADATA
from steps_ros.data.bag_compression import Ros1Reader, unpacked_message
from steps_ros.data.closing import Closing
from steps_ros.data.mcap_recovery import RecoveredMcap
from steps_ros.data.messages import typestore
from steps_ros.data.paths import exists
from steps_ros.data.rosbags_guard import guard_rosbags
from steps_ros.errors import FrameError, SourceError
from steps_ros.regular_file import require_regular

ROS1_SUFFIX = '.bag'
BAG_SUFFIXES = ('.mcap', '.db3', ROS1_SUFFIX)
MAX_REASON = 160
ROS1_TRANSFORMS = ('tf2_msgs/msg/TFMessage', 'tf/msg/tfMessage')

_REMEDIES = {
    '.mcap': 'try `mcap recover`',
    '.db3': 'try `sqlite3 FILE .recover`',
    '.bag': 'try `rosbag reindex`',
    '': 'try `ros2 bag reindex`, or give the .mcap or .db3 in it',
}

logger = logging.getLogger(__name__)


class Topic(NamedTuple):
    """A topic of a bag and how many messages it has."""

    name: str
    message_type: str
    message_count: int


class RawMessage(NamedTuple):
    """A serialised message; ``receive_ns`` is the time at which it was recorded."""

    topic: str
    message_type: str
    receive_ns: int
    content: Any


class Storage(Protocol):
    """What a bag is read from. Any of these may raise any exception on damaged bytes."""

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the number of messages by topic and message type."""

    def read(self, topics: Collection[str]) -> Iterator[tuple[str, str, int, Any]]:
        """Yield topic, message type, time of receipt and content, in the order of receipt."""

    def close(self) -> None:
        """Close the files."""


class Bag(Closing):
    """
    An open bag; use it as a context manager.

    ``topics`` lists all topics by name. A bag that turns out to be damaged on the way ends
    there with a warning, provided that something could be read; ``damage`` says so, and is empty
    as long as all is well.
    """

    def __init__(self, path: Path, storage: Storage, is_ros1: bool) -> None:
        """Take the opened storage over."""
        self.path = path
        self.damage = ''
        counts = storage.counts().items()
        self.topics = tuple(sorted(Topic(*key, number) for key, number in counts))
        self._storage = storage
        self._is_ros1 = is_ros1

    def messages(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """
        Yield the messages of these topics in the order of receipt.

        :raises SourceError: the bag is damaged before the first of them, or goes beyond a limit.
        """
        items = self._storage.read(topics)
        for index in count():
            try:
                item = next(items, None)
            except SourceError:
                raise
            except Exception as error:  # parsers raise anything on damaged bytes
                if index == 0:
                    raise _damaged(self.path, error) from error
                self.damage = f'{_damaged(self.path, error)}; read are {index} messages'
                logger.warning('%s', self.damage)
                return
            if item is None:
                return
            yield RawMessage(*item)

    def decode(self, message: RawMessage) -> Any:
        """
        Return the message object.

        :raises FrameError: its bytes do not fit its type, or the type is not a standard one.
        """
        try:
            if self._is_ros1:
                return ros1_typestore().deserialize_ros1(message.content, message.message_type)
            return typestore().deserialize_cdr(message.content, message.message_type)
        except Exception as error:  # as above
            raise FrameError(
                f'message on {message.topic} is damaged: {_reason(error)}; record it again'
            ) from error

    def close(self) -> None:
        """Close the files."""
        self._storage.close()


def open_bag(path: Path) -> Bag:
    """
    Open a bag of any kind; a truncated .mcap is read as far as it goes, with a warning.

    :raises SourceError: missing, empty, damaged, of another type, beyond a limit.
    """
    if not exists(path):
        raise SourceError(f'{path} does not exist; check the path')
    require_regular(path, str(path), SourceError)
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f'{path} is empty (0 bytes); record or copy it again')
    if path.is_dir() and not (path / METADATA).exists():
        raise SourceError(f'{path} has no {METADATA}; {_REMEDIES[""]}')
    is_ros1 = path.suffix == ROS1_SUFFIX
    try:
        return Bag(path, _Indexed(path, is_ros1), is_ros1)
    except SourceError:
        raise
    except Exception as error:  # as above
        damage = _damaged(path, error)
        recovered = RecoveredMcap(_mcap_files(path))
        if not recovered.counts():
            raise damage from error
        logger.warning('%s; reading what comes before the damage: %s', damage, recovered.lost)
        bag = Bag(path, recovered, is_ros1)
        bag.damage = f'{damage}; read is what comes before the damage: {recovered.lost}'
        return bag


def _mcap_files(path: Path) -> list[Path]:
    files = path.iterdir() if path.is_dir() else [path]
    # A bag's files are numbered without leading zeros: shorter names come first.
    return sorted(
        (file for file in files if file.suffix == '.mcap' and file.is_file()),
        key=lambda file: (len(file.name), file.name),
    )


class _Indexed:
    """A bag as rosbags reads it."""

    def __init__(self, path: Path, is_ros1: bool) -> None:
        guard_rosbags()
        with ExitStack() as opened:
            plain = opened.enter_context(checked_bag(path))
            self._reader: Any = Ros1Reader(plain) if is_ros1 else rosbag2.Reader(plain)
            self._reader.open()
            opened.callback(self._reader.close)
            check_topics(path, len(self._reader.connections))
            self._has_packed_messages = not is_ros1 and _take_unpacking_over(self._reader)
            self._opened = opened.pop_all()

    def counts(self) -> dict[tuple[str, str], int]:
        counts: dict[tuple[str, str], int] = {}
        for connection in self._reader.connections:
            key, number = (connection.topic, connection.msgtype), connection.msgcount
            # Of a bag folder they are what its metadata.yaml says, which may be anything.
            if [*map(type, key), type(number)] != [str, str, int]:
                raise ValueError(f'topic {key[0]!r} of {key[1]!r} with {number!r} messages')
            counts[key] = counts.get(key, 0) + number
        return counts

    def read(self, topics: Collection[str]) -> Iterator[tuple[str, str, int, Any]]:
        wanted = [item for item in self._reader.connections if item.topic in topics]
        # An empty list would mean every topic to rosbags.
        if wanted:
            for connection, receive_ns, content in self._reader.messages(wanted):
                plain = unpacked_message(content) if self._has_packed_messages else content
                yield connection.topic, connection.msgtype, receive_ns, plain

    def close(self) -> None:
        self._opened.close()


def _take_unpacking_over(reader: Any) -> bool:
    """Let the reader give messages as they are stored; say whether they are compressed."""
    storage = reader.storage
    if storage.metadata.compression_mode != 'message':
        return False
    storage.metadata = storage.metadata._replace(compression_mode=None)
    return True


@cache
def ros1_typestore() -> Any:
    """Return the standard ROS 1 message definitions, with tf, which rosbags leaves out."""
    store = get_typestore(Stores.ROS1_NOETIC)
    for name in ROS1_TRANSFORMS:
        store.register(get_types_from_msg('geometry_msgs/TransformStamped[] transforms', name))
    return store


def _damaged(path: Path, error: Exception) -> SourceError:
    remedy = _REMEDIES['' if path.is_dir() else path.suffix]
    return SourceError(f'{path} cannot be read as a bag: {_reason(error)}; {remedy}')


def _reason(error: Exception) -> str:
    """Return what a library says, on one line, with its kind where it did not mean to say it."""
    text = ' '.join(str(error).split())[:MAX_REASON].rstrip('.')
    if isinstance(error, (rosbag1.ReaderError, rosbag2.ReaderError)):
        return text
    return f'{type(error).__name__}: {text}'
