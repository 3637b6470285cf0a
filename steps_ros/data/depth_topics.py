"""
Which image topics of a bag hold depth.
"""

from __future__ import annotations

from steps_ros.data.bags import Bag, Topic
from steps_ros.data.depth_images import COMPRESSED_DEPTH, is_depth_encoding
from steps_ros.data.messages import COMPRESSED_IMAGE
from steps_ros.errors import FrameError


def is_depth(bag: Bag, topic: Topic) -> bool:
    """Say whether the first message of an image topic holds depth."""
    encoding = first_encoding(bag, topic)
    if topic.message_type == COMPRESSED_IMAGE:
        return COMPRESSED_DEPTH in encoding.lower()
    # mono16 is what infrared cameras publish; as depth it is taken where it is asked for.
    return is_depth_encoding(encoding) and encoding != 'mono16'


def first_encoding(bag: Bag, topic: Topic) -> str:
    """Return encoding or format of a topic's first message, empty where there is none."""
    try:
        message = bag.decode(next(bag.messages([topic.name])))
    except (FrameError, StopIteration):
        return ''
    return str(getattr(message, 'encoding', '') or getattr(message, 'format', ''))
