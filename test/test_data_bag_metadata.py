"""
What rosbag2 reads of a lone .mcap file says the same as a bag folder's metadata.yaml.
"""

from __future__ import annotations

from mcap.reader import make_reader
import numpy as np
import pytest
from rosbags.rosbag2 import Writer
from rosbags.rosbag2.metadata import parse_qos
import yaml

from steps_ros.data import messages
from steps_ros.data.mcap_writer import McapWriter

FIRST_NS, LAST_NS = 1_700_000_000_000_000_000, 1_700_000_000_250_000_000


@pytest.fixture
def record(tmp_path):
    transform = messages.Transform('base_link', 'lidar', np.eye(4))
    static = messages.transforms_message([transform], FIRST_NS)
    with McapWriter(tmp_path / 'drive.mcap') as writer:
        writer.write_message('/tf_static', static, FIRST_NS)
        for stamp_ns in (LAST_NS, FIRST_NS + 5):
            odometry = messages.odometry_message(transform, stamp_ns)
            writer.write_message('/odom', odometry, stamp_ns)
    return read_record(tmp_path / 'drive.mcap')


def read_record(path):
    with path.open('rb') as file:
        (found,) = (item for item in make_reader(file).iter_metadata() if item.name == 'rosbag2')
    return yaml.safe_load(found.metadata['serialized_metadata'])


def test_counts_and_times(record):
    assert record['message_count'] == 3
    assert record['starting_time'] == {'nanoseconds_since_epoch': FIRST_NS}
    assert record['duration'] == {'nanoseconds': LAST_NS - FIRST_NS}
    counts = {
        item['topic_metadata']['name']: item['message_count']
        for item in record['topics_with_message_count']
    }
    assert counts == {'/tf_static': 1, '/odom': 2}


def test_it_has_the_keys_of_a_bag_folder_and_their_types(record, tmp_path):
    store = messages.typestore()
    with Writer(tmp_path / 'bag', version=8) as writer:
        connection = writer.add_connection('/odom', messages.ODOMETRY, typestore=store)
        message = messages.odometry_message(messages.Transform('a', 'b', np.eye(4)), 1)
        writer.write(connection, 1, bytes(messages.serialise(message)))
    folder = yaml.safe_load((tmp_path / 'bag' / 'metadata.yaml').read_text())
    expected = folder['rosbag2_bagfile_information']
    assert record['version'] == expected['version'] == 8
    assert set(record) == set(expected)
    for key in set(expected) - {'custom_data'}:
        assert type(record[key]) is type(expected[key]), key
    (theirs,) = expected['topics_with_message_count']
    ours = record['topics_with_message_count'][1]
    assert ours['topic_metadata'] == theirs['topic_metadata']


def test_profiles_are_numbers_in_a_string_as_every_distribution_reads_them(record):
    profiles = record['topics_with_message_count'][0]['topic_metadata']['offered_qos_profiles']
    (profile,) = yaml.safe_load(profiles)
    assert all(type(profile[key]) is int for key in ('history', 'reliability', 'durability'))
    (qos,) = parse_qos(profiles)
    assert (qos.history.name, qos.depth) == ('KEEP_LAST', 1)
    assert (qos.reliability.name, qos.durability.name) == ('RELIABLE', 'TRANSIENT_LOCAL')
    assert qos.liveliness.name == 'AUTOMATIC'


def test_an_empty_recording_has_it_too(tmp_path):
    with McapWriter(tmp_path / 'empty.mcap'):
        pass
    assert read_record(tmp_path / 'empty.mcap')['message_count'] == 0
