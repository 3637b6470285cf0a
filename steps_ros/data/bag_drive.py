"""
A recorded drive: pictures with camera, depth and speed, in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from steps_ros.core.camera import Camera
from steps_ros.data.bag_checks import read_metadata
from steps_ros.data.bag_source import choose_image_topic, choose_info_topic, stamp_or_receipt_ns
from steps_ros.data.bags import Bag, open_bag, RawMessage, Topic
from steps_ros.data.camera_info import is_rectified, view_from_info
from steps_ros.data.cameras import fitted
from steps_ros.data.depth_images import decode_compressed_depth, decode_depth
from steps_ros.data.depth_topics import is_depth
from steps_ros.data.drive_options import DriveOptions, NO_ODOMETRY
from steps_ros.data.drives import Drive, DriveFrame, Floats
from steps_ros.data.encodings import decode_compressed, decode_image_message
from steps_ros.data.frames import Frame, Image
from steps_ros.data.locating import Located, Locating
from steps_ros.data.messages import COMPRESSED_IMAGE, IMAGE, ODOMETRY, POINT_CLOUD
from steps_ros.data.pairing import Message, Pair, Pairing
from steps_ros.data.transforms import read_odometry, Stamped
from steps_ros.errors import FrameError, SourceError

# A picture and the depth of the same view have one stamp, or nearly so.
DEPTH_TOLERANCE_NS = 20_000_000


class _Picture(NamedTuple):
    """A picture that waits for its depth and for odometry."""

    message: RawMessage
    camera: Camera | None


class BagDrive(Drive):
    """The pictures of one camera of a bag; nothing but those that wait for depth is in memory."""

    kind = 'bag'

    def __init__(self, path: Path, options: DriveOptions) -> None:
        """
        Open the bag and choose its topics.

        :raises SourceError: a damaged bag, a topic that it has not, or several to choose from.
        """
        super().__init__()
        with ExitStack() as opened:
            self._bag = opened.enter_context(open_bag(path))
            self._image = choose_image_topic(self._bag, options.image_topic)
            name = self._image.name
            self._info = choose_info_topic(self._bag, name, options.info_topic)
            self._depth = _choose_depth(self._bag, options.depth_topic)
            self._odometry = _choose_odometry(self._bag, options.odometry_topic)
            self._first_camera = self._find_camera()
            self._opened = opened.pop_all()
        self.name, self.content = str(path), [path]
        self.frame_count = self._image.message_count
        self.has_depth = self._depth is not None
        self.has_odometry = self._odometry is not None

    @property
    def missing_camera(self) -> str:
        """Say what the bag lacks."""
        remedy = 'give --intrinsics FILE'
        if self._info is None:
            return f'no camera_info for {self._image.name}; {remedy}'
        seen = self._first_camera
        if seen is None:
            return f'{self._info} is uncalibrated or damaged; {remedy}'
        return f'{self._info} of {seen.width}x{seen.height} does not fit its images; {remedy}'

    def __iter__(self) -> Iterator[DriveFrame]:
        """Yield the frames in the order of receipt."""
        self.unread.clear()
        made, last_ns, first_ns = 0, 0, 0
        for located in self._located():
            try:
                item = self._made(located, f'{made + self.unread.total():06d}')
            except FrameError as error:
                self.skip(error)
                continue
            first_ns, last_ns = first_ns or item.frame.stamp_ns, item.frame.stamp_ns
            made += 1
            yield item
        if self._bag.damage:
            self.damage = f'{self._bag.damage}; {self._lost(made, (last_ns - first_ns) / 1e9)}'
        if not made:
            raise SourceError(
                f'{self.name}: none of {self.unread.total()} images on {self._image.name} can be '
                'read; choose another topic or record it again'
            )

    def close(self) -> None:
        """Close the bag."""
        self._opened.close()

    def _located(self) -> Iterator[Located]:
        camera, pairing = self._first_camera, Pairing(DEPTH_TOLERANCE_NS)
        locating = Locating(self.has_odometry)
        names = (self._image.name, self._info, self._odometry)
        topics = [name for name in names if name is not None]
        if self._depth is not None:
            topics.append(self._depth.name)
        for raw in self._bag.messages(topics):
            if raw.topic == self._info:
                camera = self._camera(raw) or camera
            elif raw.topic == self._odometry:
                pose = self._pose(raw)
                yield from () if pose is None else locating.add_pose(pose)
            elif raw.topic == self._image.name:
                stamp_ns = self._stamp_ns(raw)
                pairing.add_picture(Message(stamp_ns, raw.receive_ns, _Picture(raw, camera)))
            else:
                pairing.add_reference(Message(self._stamp_ns(raw), raw.receive_ns, raw))
            for pair in pairing.ready(raw.receive_ns) if self.has_depth else pairing.rest():
                yield from locating.add(pair)
            yield from locating.told(raw.receive_ns)
        for pair in pairing.rest():
            yield from locating.add(pair)
        yield from locating.rest()

    def _made(self, located: Located, stem: str) -> DriveFrame:
        pair = located.pair
        picture: _Picture = pair.picture.content
        image = self._pixels(picture.message)
        camera = fitted(picture.camera, image.shape[1], image.shape[0])
        frame = Frame(pair.picture.stamp_ns, image, camera, stem)
        depth = self._depth_of(pair)
        return DriveFrame(frame, 0, depth, located.speed_mps, located.position)

    def _pixels(self, raw: RawMessage) -> Image:
        message = self._bag.decode(raw)
        if raw.message_type == COMPRESSED_IMAGE:
            return decode_compressed(message.data)
        return decode_image_message(message)

    def _depth_of(self, pair: Pair) -> Floats | None:
        """Return the depth of a picture; what is damaged is as good as missing."""
        if pair.reference is None or abs(pair.gap_ns) > DEPTH_TOLERANCE_NS:
            return None
        raw: RawMessage = pair.reference.content
        with suppress(FrameError):
            message = self._bag.decode(raw)
            if raw.message_type == COMPRESSED_IMAGE:
                return decode_compressed_depth(message)
            return decode_depth(message)
        return None

    def _stamp_ns(self, raw: RawMessage) -> int:
        try:
            return stamp_or_receipt_ns(self._bag.decode(raw), raw.receive_ns)
        except FrameError:
            return raw.receive_ns

    def _find_camera(self) -> Camera | None:
        """Return the first camera, for the pictures that were recorded before it."""
        if self._info is None:
            return None
        messages = self._bag.messages([self._info])
        return next(filter(None, (self._camera(message) for message in messages)), None)

    def _camera(self, raw: RawMessage) -> Camera | None:
        try:
            view = view_from_info(self._bag.decode(raw), is_rectified(self._image.name))
        except FrameError:
            return None
        return None if view is None else view.camera

    def _pose(self, raw: RawMessage) -> Stamped | None:
        with suppress(FrameError):
            return read_odometry(self._bag.decode(raw))
        return None

    def _lost(self, made: int, length_s: float) -> str:
        """Say how much of a damaged bag was read and, where its metadata tell, how much not."""
        expected = _recorded_count(self._bag.path, self._image.name)
        if expected is None or expected < made:
            return f'{made} images over {length_s:.1f} s are used, what came after them is lost'
        return f'{made} of {expected} images are used, {1 - made / expected:.0%} are lost'


def _choose_depth(bag: Bag, name: str | None) -> Topic | None:
    """Return the named topic, or the only one with depth, or None; a point cloud is no picture."""
    if any(topic.name == name and topic.message_type == POINT_CLOUD for topic in bag.topics):
        return None
    found = [topic for topic in bag.topics if _holds_depth(bag, topic)]
    if name is None:
        return found[0] if len(found) == 1 else None
    chosen = next((topic for topic in found if topic.name == name), None)
    if chosen is None:
        there = ', '.join(topic.name for topic in found) or 'none'
        raise SourceError(f'{bag.path} has no depth topic {name}; its depth topics: {there}')
    return chosen


def _holds_depth(bag: Bag, topic: Topic) -> bool:
    return topic.message_type in (IMAGE, COMPRESSED_IMAGE) and is_depth(bag, topic)


def _choose_odometry(bag: Bag, name: str | None) -> str | None:
    """
    Return the named topic, or the only one, or None; a drive may have no odometry at all.

    :raises SourceError: there are others than the named one, or several to choose from.
    """
    found = [
        topic.name
        for topic in bag.topics
        if topic.message_type == ODOMETRY and topic.message_count
    ]
    if name == NO_ODOMETRY or not found:
        return None
    remedy = f'choose one of {", ".join(found)}, or {NO_ODOMETRY}'
    if name is not None and name not in found:
        raise SourceError(f'{bag.path} has no odometry on {name}; {remedy}')
    if name is None and len(found) > 1:
        raise SourceError(f'{bag.path} has several odometry topics; {remedy} (--odom-topic)')
    return name or found[0]


def _recorded_count(path: Path, topic: str) -> int | None:
    """Return how many messages were recorded, as the metadata of a bag folder say."""
    with suppress(SourceError, OSError, ValueError, KeyError, TypeError):
        for item in read_metadata(path)['topics_with_message_count']:
            if item['topic_metadata']['name'] == topic:
                return int(item['message_count'])
    return None
