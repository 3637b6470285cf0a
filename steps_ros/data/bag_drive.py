"""
A recorded drive: pictures with camera, depth and speed, in one pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from steps_ros.core.camera import Camera
from steps_ros.data.bag_checks import read_metadata
from steps_ros.data.bag_source import choose_image_topic, choose_info_topic, stamp_or_receipt_ns
from steps_ros.data.bags import Bag, open_bag, RawMessage, Topic
from steps_ros.data.camera_info import is_rectified, view_from_info
from steps_ros.data.cameras import fitted
from steps_ros.data.depth_images import decode_compressed_depth, decode_depth
from steps_ros.data.depth_topics import is_depth
from steps_ros.data.drive_options import DriveOptions, NO_ODOMETRY
from steps_ros.data.drives import Doubles, Drive, DriveFrame, Floats
from steps_ros.data.encodings import decode_compressed, decode_image_message
from steps_ros.data.frames import Frame, Image
from steps_ros.data.messages import COMPRESSED_IMAGE, IMAGE, ODOMETRY, POINT_CLOUD
from steps_ros.data.pairing import Message, Pair, Pairing
from steps_ros.data.poses import PoseTrack
from steps_ros.data.transforms import read_odometry
from steps_ros.errors import FrameError, SourceError

# A picture and the depth of the same view have one stamp, or nearly so.
DEPTH_TOLERANCE_NS = 20_000_000
# Speed is the way of this time, in which the noise of positions is small.
SPEED_NS = 500_000_000
# Pictures wait for odometry that comes after them.
ODOMETRY_LATENESS_NS, MOST_WAITING = 200_000_000, 16


class _Picture(NamedTuple):
    """A picture that waits for its depth and for odometry."""

    message: RawMessage
    camera: Camera | None
    speed_mps: float | None = None
    position: Doubles | None = None


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
        for pair in self._pairs():
            try:
                item = self._made(pair, f'{made + self.unread.total():06d}')
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

    def _pairs(self) -> Iterator[Pair]:
        camera, track = self._first_camera, PoseTrack()
        pairing, waiting = Pairing(DEPTH_TOLERANCE_NS), deque[Pair]()
        names = (self._image.name, self._info, self._odometry)
        topics = [name for name in names if name is not None]
        if self._depth is not None:
            topics.append(self._depth.name)
        for raw in self._bag.messages(topics):
            if raw.topic == self._info:
                camera = self._camera(raw) or camera
            elif raw.topic == self._odometry:
                self._add_pose(track, raw)
            elif raw.topic == self._image.name:
                stamp_ns = self._stamp_ns(raw)
                picture = Message(stamp_ns, raw.receive_ns, _Picture(raw, camera))
                pairing.add_picture(picture)
            else:
                pairing.add_reference(Message(self._stamp_ns(raw), raw.receive_ns, raw))
            has_depth = self._depth is not None
            waiting.extend(pairing.ready(raw.receive_ns) if has_depth else pairing.rest())
            while waiting and self._is_told(waiting, track, raw.receive_ns):
                yield _located(waiting.popleft(), track)
        waiting.extend(pairing.rest())
        for pair in waiting:
            yield _located(pair, track)

    def _is_told(self, waiting: Sequence[Pair], track: PoseTrack, now_ns: int) -> bool:
        """Return whether odometry has passed the first picture, or will not within reason."""
        if self._odometry is None or len(waiting) > MOST_WAITING:
            return True
        picture = waiting[0].picture
        waited_ns = now_ns - picture.receive_ns
        return track.newest_ns >= picture.stamp_ns or waited_ns > ODOMETRY_LATENESS_NS

    def _made(self, pair: Pair, stem: str) -> DriveFrame:
        picture: _Picture = pair.picture.content
        image = self._pixels(picture.message)
        camera = fitted(picture.camera, image.shape[1], image.shape[0])
        frame = Frame(pair.picture.stamp_ns, image, camera, stem)
        depth = self._depth_of(pair)
        return DriveFrame(frame, 0, depth, picture.speed_mps, picture.position)

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

    def _add_pose(self, track: PoseTrack, raw: RawMessage) -> None:
        with suppress(FrameError):
            stamped = read_odometry(self._bag.decode(raw))
            track.add(stamped.stamp_ns, stamped.transform.parent_from_child)

    def _lost(self, made: int, length_s: float) -> str:
        """Say how much of a damaged bag was read and, where its metadata tell, how much not."""
        expected = _recorded_count(self._bag.path, self._image.name)
        if expected is None or expected < made:
            return f'{made} images over {length_s:.1f} s are used, what came after them is lost'
        return f'{made} of {expected} images are used, {1 - made / expected:.0%} are lost'


def _located(pair: Pair, track: PoseTrack) -> Pair:
    """Return the pair with speed and place of its picture."""
    picture = pair.picture
    now = track.at(picture.stamp_ns)
    content = picture.content._replace(
        speed_mps=_speed(track, picture.stamp_ns), position=None if now is None else now[:3, 3]
    )
    return pair._replace(picture=picture._replace(content=content))


def _speed(track: PoseTrack, stamp_ns: int) -> float | None:
    now, before = track.at(stamp_ns), track.at(stamp_ns - SPEED_NS)
    if now is None or before is None:
        return None
    return float(np.linalg.norm(now[:3, 3] - before[:3, 3])) * 1e9 / SPEED_NS


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
    if name == NO_ODOMETRY:
        return None
    found = [topic.name for topic in bag.topics if topic.message_type == ODOMETRY]
    if name is not None and name not in found:
        there = ', '.join(found) or 'none'
        raise SourceError(f'{bag.path} has no odometry topic {name}; it has {there}')
    if name is not None:
        return name
    return found[0] if len(found) == 1 else None


def _recorded_count(path: Path, topic: str) -> int | None:
    """Return how many messages were recorded, as the metadata of a bag folder say."""
    with suppress(SourceError, OSError, ValueError, KeyError, TypeError):
        for item in read_metadata(path)['topics_with_message_count']:
            if item['topic_metadata']['name'] == topic:
                return int(item['message_count'])
    return None
