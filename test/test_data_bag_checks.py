"""Bags of strangers: topics without number, tables that compute, chunks that burst."""

from __future__ import annotations

import bz2
from contextlib import closing
import sqlite3
import struct

from backports import zstd
import lz4.frame
from make_bags import camera_messages, write_folder, write_mcap, write_ros1
import pytest
from rosbags import rosbag1
from rosbags.rosbag2 import CompressionMode, StoragePlugin
from rosbags.typesys import get_typestore, Stores

from steps_ros.data import mcap_writer
from steps_ros.data.bag_compression import unpacked, unpacked_message
from steps_ros.data.bags import open_bag
from steps_ros.errors import SourceError

PACKERS = {'zstd': zstd.compress, 'lz4': lz4.frame.compress, 'bz2': bz2.compress}
CONTENT = bytes(range(256)) * 40


def read_all(path):
    with open_bag(path) as bag:
        for message in bag.messages([topic.name for topic in bag.topics]):
            bag.decode(message)


def refusal(path):
    with pytest.raises(SourceError) as caught:
        read_all(path)
    assert '\n' not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize('compression', PACKERS)
def test_chunks_unpack_to_what_they_state(compression, monkeypatch):
    packed = PACKERS[compression](CONTENT)
    assert unpacked(packed, len(CONTENT), compression) == CONTENT
    for size in (len(CONTENT) - 1, len(CONTENT) + 1, 0):
        with pytest.raises(ValueError, match=f'the {size} bytes that it states'):
            unpacked(packed, size, compression)
    monkeypatch.setenv('STEPS_ROS_MAX_UNPACKED_BYTES', '10239')
    with pytest.raises(SourceError, match=r'10240 bytes.*STEPS_ROS_MAX_UNPACKED_BYTES'):
        unpacked(packed, len(CONTENT), compression)


def test_a_message_states_its_size():
    assert unpacked_message(zstd.compress(CONTENT)) == CONTENT
    packer = zstd.ZstdCompressor()
    without = packer.compress(CONTENT) + packer.flush()
    with pytest.raises(ValueError, match='does not state its size'):
        unpacked_message(without)


def test_a_million_topics_are_refused_by_every_kind(tmp_path, monkeypatch):
    bags = [
        write_mcap(tmp_path / 'a.mcap', camera_messages(1)),
        write_ros1(tmp_path / 'a.bag'),
        write_folder(tmp_path / 'folder', camera_messages(1)),
    ]
    database = sqlite3.connect(tmp_path / 'folder' / 'folder.db3')
    rows = (f'/t{n}' for n in range(20_000))
    database.executemany(
        'INSERT INTO topics(name, type, serialization_format, offered_qos_profiles, '
        "type_description_hash) VALUES (?, '', 'cdr', '', '')",
        ((row,) for row in rows),
    )
    database.commit()
    database.close()
    said = refusal(tmp_path / 'folder')
    assert 'folder.db3 has 20002 topics' in said
    assert 'STEPS_ROS_MAX_BAG_TOPICS' in said
    header = bags[1].read_bytes()
    place = header.index(b'conn_count=') + len(b'conn_count=')
    lying = tmp_path / 'lying.bag'
    lying.write_bytes(header[:place] + struct.pack('<I', 1_000_000) + header[place + 4 :])
    assert 'has 1000000 topics' in refusal(lying)
    monkeypatch.setenv('STEPS_ROS_MAX_BAG_TOPICS', '1')
    assert 'a.mcap has 2 topics' in refusal(bags[0])
    cut = tmp_path / 'cut.mcap'
    cut.write_bytes(bags[0].read_bytes()[:-40])
    assert 'cut.mcap has 2 topics' in refusal(cut)


def test_tables_that_compute_are_refused(tmp_path):
    path = write_folder(tmp_path / 'night', camera_messages(1)) / 'night.db3'
    database = sqlite3.connect(path)
    database.execute('DROP TABLE messages')
    database.execute(
        'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, '
        'data BLOB GENERATED ALWAYS AS (zeroblob(900000000)) VIRTUAL)'
    )
    database.execute('INSERT INTO messages(topic_id, timestamp) VALUES (1, 1)')
    database.commit()
    database.close()
    assert 'its table messages computes what it holds' in refusal(path)


def test_profiles_beside_a_topic_are_not_parsed(tmp_path, monkeypatch):
    """They are YAML, in a text of any length."""
    database = write_folder(tmp_path / 'night', camera_messages(1)) / 'night.db3'
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE topics SET offered_qos_profiles = '[*a'")
    connection.close()
    read_all(database)
    monkeypatch.setattr(mcap_writer, 'offered_qos', lambda topic: '[*a')
    path = write_mcap(tmp_path / 'a.mcap', camera_messages(1))
    assert b'[*a' in path.read_bytes()
    with open_bag(path) as bag:
        assert not bag.damage


def test_metadata_is_parsed_by_the_one_reader(tmp_path):
    path = write_folder(tmp_path / 'night', camera_messages(1))
    metadata = path / 'metadata.yaml'
    metadata.write_text('%YAML 1.1\n---\n' + metadata.read_text().replace('cdr', '1:0:0'))
    assert "{'1:0:0'} is not supported" in refusal(path)


@pytest.mark.parametrize(
    'change',
    [
        """DROP TABLE message_definitions;
        CREATE VIEW message_definitions AS SELECT 1 AS id, '' AS topic_type, '' AS encoding,
        zeroblob(1000) AS encoded_message_definition, '' AS type_description_hash""",
        """ALTER TABLE topics RENAME TO old; CREATE VIEW topics AS SELECT * FROM old""",
        """CREATE TRIGGER t AFTER INSERT ON topics BEGIN DELETE FROM topics; END""",
        """CREATE VIRTUAL TABLE v USING fts4(a)""",
    ],
)
@pytest.mark.parametrize('name', ['night.db3', 'd.bin'])
def test_what_is_no_table_is_refused_whatever_the_file_is_called(tmp_path, change, name):
    path = write_folder(tmp_path / 'night', camera_messages(1))
    (path / 'night.db3').rename(path / name)
    metadata = path / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('night.db3', name))
    read_all(path)
    with closing(sqlite3.connect(path / name)) as database:
        database.executescript(change)
        database.commit()
    assert 'is no table that holds data' in refusal(path)


def test_names_that_sqlite_takes_for_another_file_are_refused(tmp_path):
    path = write_folder(tmp_path / 'night', camera_messages(1))
    for name in ('night.db3?vfs=unix', 'night%2edb3'):
        (path / name).write_bytes((path / 'night.db3').read_bytes())
        metadata = path / 'metadata.yaml'
        whole = metadata.read_text()
        metadata.write_text(whole.replace('night.db3', name))
        assert 'rename it without' in refusal(path)
        metadata.write_text(whole)


@pytest.mark.parametrize('mode', [CompressionMode.FILE, CompressionMode.MESSAGE])
def test_compressed_folders_are_refused_above_a_limit(tmp_path, monkeypatch, mode):
    path = write_folder(tmp_path / 'night', camera_messages(), StoragePlugin.SQLITE3, mode)
    name = 'BAG' if mode == CompressionMode.FILE else 'UNPACKED'
    monkeypatch.setenv(f'STEPS_ROS_MAX_{name}_BYTES', '300')
    assert f'STEPS_ROS_MAX_{name}_BYTES' in refusal(path)
    if mode == CompressionMode.MESSAGE:
        return
    monkeypatch.delenv('STEPS_ROS_MAX_BAG_BYTES')
    monkeypatch.setattr('shutil.disk_usage', lambda place: type('Disk', (), {'free': 10}))
    assert 'too large for' in refusal(path)


def test_a_record_above_the_limit_is_told_from_the_end_of_a_cut_recording(tmp_path, monkeypatch):
    path = write_mcap(tmp_path / 'a.mcap', camera_messages(2))
    path.write_bytes(path.read_bytes()[:-40])
    read_all(path)
    # Its one chunk is larger.
    monkeypatch.setenv('STEPS_ROS_MAX_UNPACKED_BYTES', '5000')
    assert 'STEPS_ROS_MAX_UNPACKED_BYTES' in refusal(path)
    # A length that the file cannot have is damage, which no limit mends.
    with path.open('ab') as file:
        file.truncate(1000)
    assert 'STEPS_ROS' not in refusal(path)


def test_ros1_chunks_unpack_to_what_they_state(tmp_path, monkeypatch):
    path, kind = tmp_path / 'a.bag', 'std_msgs/msg/String'
    writer = rosbag1.Writer(path)
    writer.set_compression(writer.CompressionFormat.BZ2)
    store = get_typestore(Stores.ROS1_NOETIC)
    with writer:
        connection = writer.add_connection('/a', kind, typestore=store)
        content = store.serialize_ros1(store.types[kind]('x' * 999), kind)
        writer.write(connection, 1, content)
    with open_bag(path) as bag:
        (message,) = bag.messages(['/a'])
        assert bag.decode(message).data == 'x' * 999
    monkeypatch.setenv('STEPS_ROS_MAX_UNPACKED_BYTES', '900')
    assert 'STEPS_ROS_MAX_UNPACKED_BYTES' in refusal(path)


def test_names_in_metadata_do_not_leave_the_folder(tmp_path):
    path = write_folder(tmp_path / 'night', camera_messages(1))
    (path / 'night.db3').rename(tmp_path / 'night.db3')
    metadata = path / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('night.db3', '../night.db3'))
    assert 'files are missing' in refusal(path)
