"""
What rosbags would unpack or parse without a look, done by this package's own readers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from rosbags.rosbag2 import reader, storage_mcap, storage_sqlite3

from steps_ros.data.bag_compression import unpacked
from steps_ros.yaml_file import parse_yaml


def guard_rosbags() -> None:
    """
    Let rosbags unpack chunks of .mcap files, and parse YAML, within the limits.

    The QoS profiles beside a topic are YAML as well; nobody here asks for them.
    """
    for name in ('zstd', 'lz4'):
        storage_mcap.DECOMPRESSORS[name] = partial(unpacked, compression=name)
    for module in (reader, storage_mcap, storage_sqlite3):
        vars(module)['parse_qos'] = _no_profiles
    vars(reader)['YAML'] = _Yaml


class _Yaml:
    """Stands where rosbags makes the parser of metadata.yaml."""

    def __init__(self, typ: str) -> None:
        """Take what rosbags asks for, which is ``safe``."""

    def load(self, text: str) -> Any:
        """Return the values in a text."""
        return parse_yaml(text)


def _no_profiles(given: object) -> list[object]:
    return []
