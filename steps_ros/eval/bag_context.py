"""
What stands around the messages of a recording: camera, frames, motion.
"""

from __future__ import annotations

from itertools import islice
import logging
from typing import Any

import numpy as np

from steps_ros.data.bags import Bag, RawMessage
from steps_ros.data.camera_info import is_rectified, View, view_from_info
from steps_ros.data.cameras import read_camera
from steps_ros.data.transforms import (
    frame_name,
    read_odometry,
    read_transforms,
    Stamped,
    STATIC_TOPIC,
    TransformTree,
)
from steps_ros.errors import FrameError, SourceError
from steps_ros.eval.bag_topics import Topics
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.motion import GROUND_FRAMES, Motion, MotionKind

# Enough of /tf to have seen every link once.
TRANSFORMS_LOOKED_AT = 2000
# Metres and radians by which two frames may differ and still be one camera.
SAME_PLACE = 0.01

logger = logging.getLogger(__name__)


class Context:
    """
    What the beginning of a recording and all of its ``/tf_static`` tell.

    ``frame`` is the camera's; ``view`` that of the first camera_info, None where there is none
    and a depth reference needs none; ``motion_words`` say in a report what tells the motion.
    """

    def __init__(self, bag: Bag, topics: Topics, settings: InputSettings) -> None:
        """
        Look at the first messages and see that they fit together.

        :raises SourceError: LiDAR without a calibrated camera or without a transform to it,
            depth that another camera sees, or no transform from ``--odom-topic`` to the camera.
        """
        self._bag = bag
        self._topics = topics
        given = settings.intrinsics
        self._given = None if given is None else read_camera(given)
        self.frame = self._first_frame(topics.pictures) or self._first_frame(topics.info)
        self.view = self._first_view()
        self._static = self._transforms(STATIC_TOPIC if topics.static else None)
        self._body = self._odometry_child()
        self._known = self._known_links()
        self._check_reference()
        self._check_odometry(is_asked_for=settings.odom_topic is not None)
        self.motion_words = self._say_motion()

    def motion(self) -> Motion:
        """Return the static links, ready for a pass over the recording."""
        return Motion(self._static_tree(), self._body)

    def view_of(self, info: Any) -> View | None:
        """
        Return the view that a camera_info tells, with the camera that was given in its place.

        :raises FrameError: as :func:`view_from_info`.
        """
        view = view_from_info(info, is_rectified(self._topics.pictures))
        if self._given is None:
            return view
        return View(self._given, np.eye(3) if view is None else view.rotation)

    def _first_frame(self, topic: str | None) -> str:
        """Return the frame of a topic's first message, empty where it names none."""
        for message in islice(self._bag.messages([topic] if topic else []), 1):
            try:
                return frame_name(self._bag.decode(message).header.frame_id)
            except FrameError:
                return ''
        return ''

    def _first_view(self) -> View | None:
        info = self._topics.info
        problem = f'{self._topics.pictures} has no camera_info beside it'
        for message in islice(self._bag.messages([info] if info else []), 1):
            try:
                view = self.view_of(self._bag.decode(message))
            except FrameError as error:
                view, problem = None, f'{info}: {error}'
            else:
                problem = f'{info} is uncalibrated (K[0] is 0)'
            if view is not None:
                return view
        if self._given is not None:
            return View(self._given, np.eye(3))
        if self._topics.is_lidar:
            raise SourceError(
                f'{self._bag.path}: {problem}, without which LiDAR cannot be projected; calibrate '
                'the camera, or choose by --camera-info-topic'
            )
        return None

    def _odometry_child(self) -> str | None:
        """Return the frame whose pose odometry tells; one that is not named is base_link."""
        topic = self._topics.odometry
        for message in islice(self._bag.messages([topic] if topic else []), 1):
            try:
                child = read_odometry(self._bag.decode(message)).transform.child
            except FrameError:
                child = ''
            return child or GROUND_FRAMES[-1]
        return None

    def _transforms(self, topic: str | None) -> list[Stamped]:
        found: list[Stamped] = []
        messages = self._bag.messages([topic] if topic else [])
        for message in islice(messages, TRANSFORMS_LOOKED_AT):
            try:
                found += read_transforms(self._bag.decode(message))
            except FrameError as error:
                logger.warning('%s: ignored: %s', message.topic, error)
        return found

    def _static_tree(self) -> TransformTree:
        tree = TransformTree()
        for stamped in self._static:
            tree.add_static(stamped.transform)
        return tree

    def _known_links(self) -> TransformTree:
        """Return the static links and those that the beginning of ``/tf`` has."""
        tree = self._static_tree()
        for stamped in self._transforms(self._topics.moving):
            tree.add(stamped)
        return tree

    def _check_reference(self) -> None:
        frame = self._first_frame(self._topics.reference)
        is_connected = self._known.is_connected(self.frame, frame)
        if self._topics.is_lidar and not is_connected:
            raise SourceError(f'{self._bag.path}: {self._known.missing(self.frame, frame)}')
        if not self._topics.is_lidar and frame and self.frame and frame != self.frame:
            self._check_registered(frame, is_connected)

    def _check_registered(self, frame: str, is_connected: bool) -> None:
        """Refuse depth that another camera sees from elsewhere."""
        line = f'{self._topics.reference} is seen from {frame}, the picture from {self.frame}'
        if not is_connected:
            logger.warning('%s: %s; it is taken as registered to it', self._bag.path, line)
            return
        try:
            apart = self._known.lookup(self.frame, frame, 0)
        except FrameError:
            return
        if np.abs(apart - np.eye(4)).max() > SAME_PLACE:
            raise SourceError(
                f'{self._bag.path}: {line}; register it with depth_image_proc, or choose another '
                '--reference-topic'
            )

    def _check_odometry(self, is_asked_for: bool) -> None:
        if self._body is None or self._known.is_connected(self._body, self.frame):
            return
        line = f'{self._topics.odometry}: {self._known.missing(self.frame, self._body)}'
        if is_asked_for:
            raise SourceError(f'{self._bag.path}: {line}')
        logger.warning('%s: %s; it is left aside', self._bag.path, line)

    def _say_motion(self) -> str:
        kind = Motion(self._known, self._body).kind(self.frame)
        if kind is MotionKind.ODOMETRY:
            return f'odometry {self._topics.odometry}'
        if kind is MotionKind.TRANSFORMS:
            return f'tf, in {self._known.moving_root(self.frame)}'
        return 'none: LiDAR is taken as if nothing moved' if self._topics.is_lidar else 'none'


def feed(motion: Motion, bag: Bag, message: RawMessage, topics: Topics) -> None:
    """
    Take an odometry or tf message.

    :raises FrameError: it is damaged.
    """
    decoded = bag.decode(message)
    if message.topic == topics.odometry:
        motion.add_odometry(read_odometry(decoded))
        return
    for stamped in read_transforms(decoded):
        motion.tree.add(stamped)
