"""
What became of each frame of a soak, from what came out and from what the node says it dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from steps_ros.ros.names import DEPTH, DEPTH_COLORED
from steps_ros.ros.outputs import FRAME_TOPICS, NEED_CAMERA
from steps_ros.ros.soak_plan import OUT, UNCALIBRATED, UNSURE

# The outputs that are listened to.
TOPICS = tuple(topic for topic in FRAME_TOPICS if topic != DEPTH_COLORED)
# How no frame may end: nothing is known of it; it came out twice, or was dropped besides; some
# of its outputs are missing.
LOST, DOUBLED, INCOMPLETE = 'lost', 'doubled', 'incomplete'
_COMPLETE, _WITHOUT_CAMERA = frozenset(TOPICS), frozenset(TOPICS) - NEED_CAMERA


class Ledger(NamedTuple):
    """
    All that was heard, by the numbers of frames.

    ``outputs`` by topic, as they came; ``drops`` as the node named them, with its reasons;
    ``unsure`` of which the confidence is low everywhere.
    """

    outputs: Mapping[str, Sequence[int]]
    drops: Sequence[tuple[int, str]]
    unsure: Sequence[int]

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Ledger:
        """Return it from JSON; empty where the listener wrote none."""
        return cls(values.get('outputs', {}), values.get('drops', ()), values.get('unsure', ()))

    @property
    def depths(self) -> int:
        """Frames whose depth came."""
        return len(set(self.outputs.get(DEPTH, ())))

    @property
    def dropped(self) -> Counter[str]:
        """Drops by reason."""
        return Counter(reason for _, reason in self.drops)

    def strangers(self, frames: int) -> int:
        """Count what was heard of frames that were not sent."""
        numbers = [number for topic in self.outputs.values() for number in topic]
        numbers += [number for number, _ in self.drops]
        return sum(not 0 <= number < frames for number in numbers)

    def ends(self, frames: int) -> list[str]:
        """Return how each of the frames ended, in their order."""
        came: list[Counter[str]] = [Counter() for _ in range(frames)]
        reasons: list[list[str]] = [[] for _ in range(frames)]
        for topic, numbers in self.outputs.items():
            for number in filter(range(frames).__contains__, numbers):
                came[number][topic] += 1
        for number, reason in self.drops:
            if number in range(frames):
                reasons[number].append(reason)
        unsure = set(self.unsure)
        return [_end(came[number], reasons[number], number in unsure) for number in range(frames)]


def _end(came: Counter[str], reasons: Sequence[str], is_unsure: bool) -> str:
    if any(count > 1 for count in came.values()) or len(reasons) + bool(came) > 1:
        return DOUBLED
    if reasons:
        return reasons[0]
    if came.keys() == _COMPLETE:
        return UNSURE if is_unsure else OUT
    if came.keys() == _WITHOUT_CAMERA:
        return UNCALIBRATED
    return INCOMPLETE if came else LOST
