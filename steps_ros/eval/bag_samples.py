"""
Pictures of a recording with their references, in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
import logging
from pathlib import Path

from steps_ros.data.bags import open_bag, RawMessage
from steps_ros.data.pairing import LATENESS_NS, Message, Pair, Pairing, Recent
from steps_ros.data.transforms import message_stamp_ns
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.bag_context import Context, feed
from steps_ros.eval.bag_making import Maker
from steps_ros.eval.bag_topics import choose_topics
from steps_ros.eval.dropped import DroppedError, NO_PAIR, NO_PICTURE, Tally
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.motion import MotionKind
from steps_ros.eval.samples import Sample, SampleSource

# Points of a sweep are stamped up to this long after its message.
LONGEST_SWEEP_NS = 100_000_000
# A picture and the depth predicted from it have one stamp; clocks may round it.
SAME_STAMP_NS = 1_000_000

logger = logging.getLogger(__name__)


class BagSamples(SampleSource):
    """
    The samples of a bag.

    ``held`` is the number of messages and poses in memory, which does not grow with the bag.
    ``inputs`` gets an entry ``damage`` where the bag ends before its time.
    """

    def __init__(self, path: Path, settings: InputSettings) -> None:
        """
        Open the bag, choose its topics and see that they fit together.

        :raises SourceError: a topic is missing or one of several; no transform between LiDAR and
            camera; no camera_info for LiDAR; a damaged bag; a mask that is no picture.
        """
        with ExitStack() as opened:
            self._bag = opened.enter_context(open_bag(path))
            self._topics = choose_topics(self._bag, settings)
            self._settings = settings
            self._context = Context(self._bag, self._topics, settings)
            self._tolerance_ns = settings.tolerance_ns(self._topics.is_lidar)
            self._begin()
            counts = {topic.name: topic.message_count for topic in self._bag.topics}
            super().__init__(str(path), self._described(), counts[self._topics.pictures])
            self._resources.push(opened.pop_all())

    @property
    def held(self) -> int:
        """Return how many messages and poses are in memory."""
        return self._pairing.held + len(self._images) + self._maker.motion.pose_count

    def __iter__(self) -> Iterator[Sample]:
        """
        Yield the samples in order, from the first.

        :raises SourceError: there is not a single one.
        """
        self._begin()
        self._tally = Tally(self.name, self.dropped)
        made = 0
        for index, pair in enumerate(self._pairs()):
            try:
                sample = self._sample(pair, f'{index:06d}')
            except DroppedError as error:
                self._tally.drop(error)
                continue
            made += 1
            yield sample
        if self._bag.damage:
            self.inputs['damage'] = self._bag.damage
        if not made:
            raise SourceError(self._nothing())

    def _nothing(self) -> str:
        """Return the line for a bag without a sample, with the nearest gap where stamps differ."""
        if self._closest_ns is None or set(self.dropped) != {NO_PAIR}:
            return self._tally.nothing()
        return (
            f'{self.name}: none of {self.dropped.total()} messages of {self._topics.pictures} has '
            f'one of {self._topics.reference} within {self._tolerance_ns / 1e6:g} ms; the nearest '
            f'is {self._closest_ns / 1e6:.1f} ms away; raise --tolerance-ms, or record with one '
            'clock'
        )

    def _begin(self) -> None:
        """Forget what an earlier pass has read."""
        context = self._context
        self._maker = Maker(self._topics, self._settings, context.motion(), context.frame)
        self._maker.view = context.view
        self._pairing = Pairing(self._tolerance_ns)
        self._images = Recent()
        self._closest_ns: int | None = None

    def _described(self) -> dict[str, str]:
        names = {
            'image': self._topics.image,
            'camera_info': self._topics.info,
            'reference': f'{self._topics.reference} ({self._topics.reference_type})',
            'depth': self._topics.prediction,
            'motion': self._context.motion_words,
            'tolerance': f'{self._tolerance_ns / 1e6:g} ms',
            'damage': self._bag.damage or None,
        }
        chosen = {key: name for key, name in names.items() if name is not None}
        return chosen | self._settings.described(self._topics.is_lidar)

    def _pairs(self) -> Iterator[Pair]:
        for message in self._bag.messages(self._topics.read()):
            try:
                self._take(message)
            except FrameError as error:
                self._drop_message(message, error)
            yield from self._pairing.ready(message.receive_ns, self._known_until())
        yield from self._pairing.rest()

    def _known_until(self) -> int | None:
        """Return up to when odometry is known, where it is used."""
        motion = self._maker.motion
        if motion.kind(self._context.frame) is not MotionKind.ODOMETRY:
            return None
        return motion.newest_ns - (LONGEST_SWEEP_NS if self._topics.is_lidar else 0)

    def _take(self, message: RawMessage) -> None:
        """Put a message where it belongs; one topic may be picture and reference at once."""
        topics = self._topics
        if message.topic in (topics.odometry, topics.moving):
            feed(self._maker.motion, self._bag, message, topics)
            return
        decoded = self._bag.decode(message)
        if message.topic == topics.info:
            self._maker.view = self._context.view_of(decoded) or self._maker.view
            return
        stamp_ns = message_stamp_ns(decoded) or message.receive_ns
        item = Message(stamp_ns, message.receive_ns, decoded)
        if message.topic == topics.pictures:
            self._pairing.add_picture(item)
        elif message.topic == topics.image:
            self._images.add(item, stamp_ns - 2 * LATENESS_NS)
        if message.topic == topics.reference:
            self._pairing.add_reference(item)

    def _drop_message(self, message: RawMessage, error: FrameError) -> None:
        """Count a picture that cannot be decoded at all; the rest is missed where it is used."""
        if message.topic == self._topics.pictures:
            self._tally.drop(DroppedError(NO_PICTURE, str(error)))
        else:
            logger.warning('%s: ignored: %s', message.topic, error)

    def _sample(self, pair: Pair, stem: str) -> Sample:
        reference = self._partner(pair)
        image = self._images.nearest(pair.picture.stamp_ns)
        if image is not None and abs(image.stamp_ns - pair.picture.stamp_ns) > SAME_STAMP_NS:
            image = None
        return self._maker.sample(pair.picture, reference, image, (Path(self.name).stem, stem))

    def _partner(self, pair: Pair) -> Message:
        """Return the reference of a picture; :class:`DroppedError` where it is too far away."""
        name = self._topics.reference
        if pair.reference is None:
            raise DroppedError(NO_PAIR, f'{name} is silent; record it beside the pictures')
        gap_ns = abs(pair.gap_ns)
        self._closest_ns = min(gap_ns, gap_ns if self._closest_ns is None else self._closest_ns)
        if gap_ns > self._tolerance_ns:
            raise DroppedError(
                NO_PAIR,
                f'the nearest of {name} is {gap_ns / 1e6:.1f} ms away, tolerated are '
                f'{self._tolerance_ns / 1e6:g} ms; raise --tolerance-ms, or record with one clock',
            )
        return pair.reference
