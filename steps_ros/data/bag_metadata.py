"""
What rosbag2 wants to know of a recording that is a lone .mcap file.

rosbag2 reads a metadata record named ``rosbag2`` whose key ``serialized_metadata`` holds the same
YAML as a bag folder's metadata.yaml. Version 8 of it, with QoS profiles as strings of numbers, is
decoded by Jazzy and what came after; Humble and Iron pass the record over and take the same from
statistics and channels. File names are left out: rosbag2 puts the file's own name there, and bytes
do not depend on what a file is called.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

RECORD_NAME = 'rosbag2'
RECORD_KEY = 'serialized_metadata'
VERSION = 8
ROS_DISTRO = 'humble'
# A player that finds this beside a topic offers it to late subscribers, as /tf_static needs.
LATCHED_QOS = """
- {history: 1, depth: 1, reliability: 1, durability: 1, deadline: {sec: 0, nsec: 0},
   lifespan: {sec: 0, nsec: 0}, liveliness: 1, liveliness_lease_duration: {sec: 0, nsec: 0},
   avoid_ros_namespace_conventions: false}
"""
LATCHED_TOPICS = frozenset({'/tf_static'})


@dataclass
class TopicSummary:
    """A topic's type, its RIHS01 hash, and how many messages it has so far."""

    name: str
    message_type: str
    type_hash: str
    message_count: int = 0


@dataclass
class BagSummary:
    """What was written so far: topics in the order of their first messages, receive times."""

    topics: list[TopicSummary]
    first_ns: int | None = None
    last_ns: int = 0

    def count(self, topic: TopicSummary, receive_ns: int) -> None:
        """Take note of one message."""
        topic.message_count += 1
        self.first_ns = receive_ns if self.first_ns is None else min(self.first_ns, receive_ns)
        self.last_ns = max(self.last_ns, receive_ns)


def offered_qos(topic: str) -> str:
    """Return the QoS profiles stored beside a topic; none means the player's default."""
    return LATCHED_QOS if topic in LATCHED_TOPICS else ''


def metadata_yaml(summary: BagSummary) -> str:
    """Return rosbag2's BagMetadata as YAML."""
    start_ns = summary.first_ns or 0
    content = {
        'version': VERSION,
        'storage_identifier': 'mcap',
        'duration': {'nanoseconds': summary.last_ns - start_ns},
        'starting_time': {'nanoseconds_since_epoch': start_ns},
        'message_count': sum(topic.message_count for topic in summary.topics),
        'topics_with_message_count': [_topic(topic) for topic in summary.topics],
        'compression_format': '',
        'compression_mode': '',
        'relative_file_paths': [],
        'files': [],
        'custom_data': {},
        'ros_distro': ROS_DISTRO,
    }
    text: str = yaml.safe_dump(content, sort_keys=False)
    return text


def _topic(topic: TopicSummary) -> dict[str, object]:
    return {
        'topic_metadata': {
            'name': topic.name,
            'type': topic.message_type,
            'serialization_format': 'cdr',
            'offered_qos_profiles': offered_qos(topic.name),
            'type_description_hash': topic.type_hash,
        },
        'message_count': topic.message_count,
    }
