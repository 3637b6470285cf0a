"""
Which topics of a recording are picture, camera, reference, prediction and motion.
"""

from __future__ import annotations

from typing import NamedTuple

from steps_ros.data.bag_source import choose_image_topic, find_info_topic
from steps_ros.data.bags import Bag, Topic
from steps_ros.data.depth_images import COMPRESSED_DEPTH, is_depth_encoding
from steps_ros.data.depth_topics import first_encoding, is_depth
from steps_ros.data.drive_options import NO_ODOMETRY
from steps_ros.data.messages import (
    CAMERA_INFO,
    COMPRESSED_IMAGE,
    IMAGE,
    ODOMETRY,
    POINT_CLOUD,
)
from steps_ros.data.transforms import MOVING_TOPIC, STATIC_TOPIC, TRANSFORM_TYPES
from steps_ros.errors import SourceError
from steps_ros.eval.input_settings import InputSettings

IMAGE_TYPES = (IMAGE, COMPRESSED_IMAGE)


class AmbiguousTopicError(SourceError):
    """There are several topics of which the user has to name one."""


class Topics(NamedTuple):
    """
    What is read from a recording.

    ``image`` is None where depth is compared without pictures; ``prediction`` where a network
    predicts; the other optional ones where the recording has none.
    """

    image: str | None
    info: str | None
    reference: str
    reference_type: str
    prediction: str | None
    odometry: str | None
    moving: str | None
    static: str | None

    @property
    def is_lidar(self) -> bool:
        """Say whether the reference is a point cloud."""
        return self.reference_type == POINT_CLOUD

    @property
    def pictures(self) -> str:
        """Return the topic whose messages are evaluated one by one."""
        chosen = self.image if self.prediction is None else self.prediction
        assert chosen is not None
        return chosen

    def read(self) -> list[str]:
        """Return all that has to be read in one pass."""
        read = (self.image, self.info, self.reference, self.prediction, self.odometry, self.moving)
        return sorted({name for name in read if name})


def choose_topics(bag: Bag, settings: InputSettings) -> Topics:
    """
    Choose by the settings, else by type where there is only one.

    :raises SourceError: a topic is missing, of another type, or empty.
    :raises AmbiguousTopicError: there are several.
    """
    prediction = None
    if settings.depth_topic is not None:
        prediction = _named_depth(bag, settings.depth_topic, IMAGE_TYPES, '--depth-topic').name
    image = _choose_image(bag, settings, prediction)
    reference = _choose_reference(bag, settings, prediction)
    return Topics(
        image,
        _choose_info(bag, settings, image if prediction is None else prediction),
        reference.name,
        reference.message_type,
        prediction,
        _choose_odometry(bag, settings),
        MOVING_TOPIC if _has(bag, MOVING_TOPIC) else None,
        STATIC_TOPIC if _has(bag, STATIC_TOPIC) else None,
    )


def _choose_image(bag: Bag, settings: InputSettings, prediction: str | None) -> str | None:
    if prediction is None:
        topic = choose_image_topic(bag, settings.image_topic)
        if is_depth(bag, topic):
            raise SourceError(
                f'{bag.path} has no pictures: {topic.name} holds depth; two recorded depths are '
                'compared with --depth-topic and --reference-topic'
            )
        return topic.name
    if settings.image_topic is not None:
        return _named(bag, settings.image_topic, IMAGE_TYPES, '--image-topic').name
    colour = [topic.name for topic in _filled(bag, IMAGE_TYPES) if not is_depth(bag, topic)]
    return colour[0] if len(colour) == 1 else None


def _choose_reference(bag: Bag, settings: InputSettings, prediction: str | None) -> Topic:
    option = '--reference-topic'
    if settings.reference_topic is not None:
        types = (*IMAGE_TYPES, POINT_CLOUD)
        return _named_depth(bag, settings.reference_topic, types, option)
    clouds = _filled(bag, (POINT_CLOUD,))
    pictures = [topic for topic in _filled(bag, IMAGE_TYPES) if is_depth(bag, topic)]
    found = [topic for topic in (*pictures, *clouds) if topic.name != prediction]
    if not found:
        raise SourceError(
            f'{bag.path} has no reference, neither a depth image nor a point cloud; '
            f'it has {_listed(bag.topics)}'
        )
    return _only(bag, found, 'references', option)


def _choose_info(bag: Bag, settings: InputSettings, pictures: str | None) -> str | None:
    if settings.camera_info_topic is not None:
        option = '--camera-info-topic'
        return _named(bag, settings.camera_info_topic, (CAMERA_INFO,), option).name
    return None if pictures is None else find_info_topic(bag, pictures)


def _choose_odometry(bag: Bag, settings: InputSettings) -> str | None:
    if settings.odom_topic == NO_ODOMETRY:
        return None
    if settings.odom_topic is not None:
        return _named(bag, settings.odom_topic, (ODOMETRY,), '--odom-topic').name
    found = _filled(bag, (ODOMETRY,))
    return _only(bag, found, 'odometry topics', '--odom-topic').name if found else None


def _only(bag: Bag, found: list[Topic], what: str, option: str) -> Topic:
    if len(found) == 1:
        return found[0]
    raise AmbiguousTopicError(
        f'{bag.path} has several {what}: {_listed(found)}; choose by {option}'
    )


def _named(bag: Bag, name: str, types: tuple[str, ...], option: str) -> Topic:
    topic = next((topic for topic in bag.topics if topic.name == name), None)
    if topic is None:
        there = _listed(bag.topics)
        raise SourceError(f'{bag.path} has no topic {name}; it has {there}; correct {option}')
    if topic.message_type not in types:
        wanted = ' or '.join(types)
        raise SourceError(f'{name} is a {topic.message_type}, not a {wanted}; correct {option}')
    if not topic.message_count:
        raise SourceError(f'{bag.path} has no messages on {name}; choose another {option}')
    return topic


def _named_depth(bag: Bag, name: str, types: tuple[str, ...], option: str) -> Topic:
    """Return a named topic that holds depth, as pictures of a known encoding or as points."""
    topic = _named(bag, name, types, option)
    encoding = first_encoding(bag, topic)
    if topic.message_type == POINT_CLOUD or is_depth_encoding(encoding):
        return topic
    if topic.message_type == COMPRESSED_IMAGE and COMPRESSED_DEPTH in encoding.lower():
        return topic
    found = [other for other in _filled(bag, IMAGE_TYPES) if is_depth(bag, other)]
    raise SourceError(
        f'{name} has encoding {encoding!r}, which is no depth; taken are 32FC1 (metres) and 16UC1 '
        f'(millimetres), here on {_listed(found)}; correct {option}'
    )


def _filled(bag: Bag, types: tuple[str, ...]) -> list[Topic]:
    return [topic for topic in bag.topics if topic.message_type in types and topic.message_count]


def _has(bag: Bag, name: str) -> bool:
    return any(
        topic.name == name and topic.message_type in TRANSFORM_TYPES and topic.message_count
        for topic in bag.topics
    )


def _listed(topics: list[Topic] | tuple[Topic, ...]) -> str:
    return ', '.join(f'{topic.name} ({topic.message_type})' for topic in topics) or 'no topics'
