"""
Each picture with the nearest reference, while both go by once.

A picture waits until its reference can only have been seen: one with a later stamp has come, or
a second has passed in the recording. What waits, and what has been seen, is bounded in time and in
number, so that memory does not grow with the recording.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

# The longest that one sensor's messages come behind another's.
LATENESS_NS = 1_000_000_000
MAX_HELD = 64


class Message(NamedTuple):
    """A message with its own stamp and the time at which it was recorded."""

    stamp_ns: int
    receive_ns: int
    content: Any


class Pair(NamedTuple):
    """A picture with the nearest message of another topic, None where there is none at all."""

    picture: Message
    reference: Message | None

    @property
    def gap_ns(self) -> int:
        """Return the reference's stamp minus the picture's."""
        return 0 if self.reference is None else self.reference.stamp_ns - self.picture.stamp_ns


class Recent:
    """The last second of a topic."""

    def __init__(self) -> None:
        """Start empty."""
        self._held: deque[Message] = deque(maxlen=MAX_HELD)

    def __len__(self) -> int:
        """Return how many messages are held."""
        return len(self._held)

    @property
    def newest_ns(self) -> int | None:
        """Return the latest stamp, None without a message."""
        return max((message.stamp_ns for message in self._held), default=None)

    def add(self, message: Message, oldest_ns: int) -> None:
        """Take a message; let go of those stamped before ``oldest_ns``, except for the last."""
        while self._held and self._held[0].stamp_ns < oldest_ns:
            self._held.popleft()
        self._held.append(message)

    def nearest(self, stamp_ns: int) -> Message | None:
        """Return the message nearest in time; of two equally near, the earlier."""
        key = lambda message: (abs(message.stamp_ns - stamp_ns), message.stamp_ns)  # noqa: E731
        return min(self._held, key=key, default=None)


class Pairing:
    """Pictures that wait, and the references that were seen lately."""

    def __init__(self, tolerance_ns: int) -> None:
        """Start empty; ``tolerance_ns`` is how far apart a pair may be."""
        self._tolerance_ns = tolerance_ns
        self._waiting: deque[Message] = deque()
        self._references = Recent()

    @property
    def held(self) -> int:
        """Return how many messages are held."""
        return len(self._waiting) + len(self._references)

    def add_picture(self, message: Message) -> None:
        """Take the next picture."""
        self._waiting.append(message)

    def add_reference(self, message: Message) -> None:
        """Take the next reference."""
        oldest_ns = self._waiting[0].stamp_ns if self._waiting else message.stamp_ns - LATENESS_NS
        self._references.add(message, oldest_ns - max(self._tolerance_ns, LATENESS_NS))

    def ready(self, now_ns: int, known_until_ns: int | None = None) -> Iterator[Pair]:
        """
        Yield the pairs that nothing to come can change.

        :param now_ns: time of receipt of the last message of any topic.
        :param known_until_ns: up to when the vehicle's motion is known, None where it is not
            asked for; pairs wait for it too.
        """
        while self._waiting and self._is_settled(self._waiting[0], now_ns, known_until_ns):
            yield self._pop()

    def rest(self) -> Iterator[Pair]:
        """Yield the pairs of all that waits, at the end of the recording."""
        while self._waiting:
            yield self._pop()

    def _pop(self) -> Pair:
        picture = self._waiting.popleft()
        return Pair(picture, self._references.nearest(picture.stamp_ns))

    def _is_settled(self, picture: Message, now_ns: int, known_until_ns: int | None) -> bool:
        if len(self._waiting) > MAX_HELD or now_ns - picture.receive_ns > LATENESS_NS:
            return True
        newest = self._references.newest_ns
        if newest is None or newest < picture.stamp_ns:
            return False
        nearest = self._references.nearest(picture.stamp_ns)
        needed = picture.stamp_ns if nearest is None else max(picture.stamp_ns, nearest.stamp_ns)
        return known_until_ns is None or known_until_ns >= needed
