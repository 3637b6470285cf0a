"""
The images of one topic of a bag, with the camera of the topic beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
import logging
from pathlib import Path
from typing import Any

from steps_ros.core.camera import Camera
from steps_ros.data.bags import Bag, open_bag, RawMessage, Topic
from steps_ros.data.camera_info import is_rectified, view_from_info
from steps_ros.data.cameras import fitted
from steps_ros.data.encodings import decode_compressed, decode_image_message, is_taken
from steps_ros.data.frames import Attempt, Frame, Source
from steps_ros.data.messages import CAMERA_INFO, COMPRESSED_IMAGE, IMAGE
from steps_ros.errors import FrameError, SourceError

NANOSECONDS = 1_000_000_000

logger = logging.getLogger(__name__)


class BagSource(Source):
    """Images of a bag in the order of receipt, stamped by their headers."""

    def __init__(self, path: Path, image_topic: str | None, info_topic: str | None = None) -> None:
        """
        Open the bag and choose its topics.

        :param info_topic: of the camera; None takes the one beside the image topic.
        :raises SourceError: a damaged bag, no such topic, or several to choose from.
        """
        with ExitStack() as opened:
            self._bag = opened.enter_context(open_bag(path))
            self.topic = choose_image_topic(self._bag, image_topic)
            self._info_topic = choose_info_topic(self._bag, self.topic.name, info_topic)
            self._camera = self._first_camera()
            calibration = '' if self._camera is None else f'topic {self._info_topic}'
            super().__init__(str(path), 'bag', self.topic.message_count, calibration)
            self._resources.push(opened.pop_all())

    def _attempts(self) -> Iterator[Attempt]:
        topics = [self.topic.name, *([self._info_topic] if self._info_topic else [])]
        index = 0
        for message in self._bag.messages(topics):
            if message.message_type == CAMERA_INFO:
                self._camera = self._read_camera(message) or self._camera
                continue
            yield Attempt(f'{index:06d}', partial(self._read, index, message))
            index += 1

    def _read(self, index: int, raw: RawMessage) -> Frame:
        message = self._bag.decode(raw)
        if raw.message_type == COMPRESSED_IMAGE:
            image = decode_compressed(message.data)
        else:
            image = decode_image_message(message)
        camera = fitted(self._camera, image.shape[1], image.shape[0])
        stamp_ns, frame_id = stamp_or_receipt_ns(message, raw.receive_ns), message.header.frame_id
        return Frame(stamp_ns, image, camera, f'{index:06d}', frame_id)

    def _first_camera(self) -> Camera | None:
        """Return the first camera, for the images that were recorded before it."""
        if self._info_topic is None:
            return None
        messages = self._bag.messages([self._info_topic])
        return next((self._read_camera(message) for message in messages), None)

    def _read_camera(self, message: RawMessage) -> Camera | None:
        try:
            view = view_from_info(self._bag.decode(message), is_rectified(self.topic.name))
        except FrameError as error:
            logger.warning('%s: ignored: %s', message.topic, error)
            return None
        return None if view is None else view.camera


def choose_image_topic(bag: Bag, name: str | None) -> Topic:
    """
    Return the image topic of this name, or the only one with colour images.

    Depth images, raw or compressed, are known by the encoding of their first message.

    :raises SourceError: there is none, or there are several and no name.
    """
    images = [topic for topic in bag.topics if topic.message_type in (IMAGE, COMPRESSED_IMAGE)]
    if name is not None:
        return _named_topic(bag, name, images)
    filled = [topic for topic in images if topic.message_count]
    if len(filled) > 1:
        filled = [topic for topic in filled if _has_colour(bag, topic)] or filled
    if len(filled) == 1:
        return filled[0]
    if not filled:
        there = ', '.join(f'{topic.name} ({topic.message_type})' for topic in bag.topics)
        raise SourceError(f'{bag.path} has no images; it has {there or "no messages at all"}')
    names = ', '.join(topic.name for topic in filled)
    raise SourceError(f'{bag.path} has several image topics: {names}; choose by --image-topic')


def choose_info_topic(bag: Bag, image_topic: str, name: str | None) -> str | None:
    """
    Return the camera_info topic of this name, or the one that belongs to the image topic.

    :raises SourceError: there is none of this name.
    """
    if name is None:
        return find_info_topic(bag, image_topic)
    infos = [topic.name for topic in bag.topics if topic.message_type == CAMERA_INFO]
    if name not in infos:
        there = ', '.join(infos) or 'none'
        raise SourceError(f'{bag.path} has no camera_info topic {name}; it has {there}')
    return name


def find_info_topic(bag: Bag, image_topic: str) -> str | None:
    """Return the camera_info beside the image topic, else the bag's only one, else None."""
    infos = [topic.name for topic in bag.topics if topic.message_type == CAMERA_INFO]
    base = image_topic.removesuffix('/compressed')
    beside = f'{base.rpartition("/")[0]}/camera_info'
    if beside in infos:
        return beside
    cameras = {topic.name.removesuffix('/compressed') for topic in bag.topics if _is_image(topic)}
    return infos[0] if len(infos) == 1 and cameras == {base} else None


def _named_topic(bag: Bag, name: str, images: list[Topic]) -> Topic:
    chosen = next((topic for topic in images if topic.name == name), None)
    if chosen is None:
        names = ', '.join(topic.name for topic in images) or 'none'
        raise SourceError(f'{bag.path} has no image topic {name}; its image topics: {names}')
    if not chosen.message_count:
        raise SourceError(f'{bag.path} has no messages on {name}; choose another image topic')
    return chosen


def _is_image(topic: Topic) -> bool:
    return topic.message_type in (IMAGE, COMPRESSED_IMAGE) and topic.message_count > 0


def _has_colour(bag: Bag, topic: Topic) -> bool:
    try:
        message = bag.decode(next(bag.messages([topic.name])))
    except (FrameError, SourceError, StopIteration):
        return False
    if topic.message_type == COMPRESSED_IMAGE:
        return 'compresseddepth' not in message.format.lower()
    return is_taken(message.encoding)


def stamp_or_receipt_ns(message: Any, receive_ns: int) -> int:
    """Return the header's stamp, or the time of receipt where the header has none."""
    stamp = message.header.stamp
    return int(stamp.sec * NANOSECONDS + stamp.nanosec) or receive_ns
