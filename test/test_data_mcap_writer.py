"""
A recording is one readable file, however it ends.
"""

from __future__ import annotations

from mcap.reader import make_reader
import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from steps_ros.data import messages
from steps_ros.data.mcap_writer import McapWriter
from steps_ros.errors import OutputError
from steps_ros.yaml_file import parse_yaml

IMAGE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


def write_images(writer, count=3):
    for index in range(count):
        message = messages.image_message(IMAGE + index, index * 1000, 'camera')
        writer.write_message('/camera/image_raw', message, index * 1000, index * 1000 + 5)


def write_until(path, error):
    with McapWriter(path) as writer:
        write_images(writer)
        raise error


def read_images(path):
    with AnyReader([path]) as reader:
        return [
            (connection.topic, receive_ns, reader.deserialize(content, connection.msgtype))
            for connection, receive_ns, content in reader.messages()
        ]


def test_rosbags_reads_it_back(tmp_path):
    path = tmp_path / 'new' / 'night.mcap'
    with McapWriter(path) as writer:
        write_images(writer)
    received = read_images(path)
    assert [item[:2] for item in received] == [
        ('/camera/image_raw', 5 + 1000 * i) for i in (0, 1, 2)
    ]
    np.testing.assert_array_equal(received[2][2].data.reshape(2, 4, 3), IMAGE + 2)
    assert [item.name for item in path.parent.iterdir()] == ['night.mcap']


def test_mcap_ros2_reads_it_back(tmp_path):
    reader = pytest.importorskip('mcap_ros2.reader', reason='mcap-ros2-support is not installed')
    with McapWriter(tmp_path / 'night.mcap') as writer:
        write_images(writer)
    items = list(reader.read_ros2_messages(str(tmp_path / 'night.mcap')))
    assert [item.publish_time_ns for item in items] == [0, 1000, 2000]
    assert bytes(items[1].ros_msg.data) == (IMAGE + 1).tobytes()


def test_raw_bytes_are_written_unchanged(tmp_path):
    content = messages.serialise(messages.image_message(IMAGE, 1, 'camera'))
    with McapWriter(tmp_path / 'night.mcap') as writer:
        writer.write('/image', messages.IMAGE, bytes(content), 1)
    with AnyReader([tmp_path / 'night.mcap']) as reader:
        assert [bytes(item[2]) for item in reader.messages()] == [bytes(content)]


def test_static_transforms_are_offered_to_late_subscribers(tmp_path):
    with McapWriter(tmp_path / 'night.mcap') as writer:
        transform = messages.Transform('base_link', 'lidar', np.eye(4))
        writer.write_message('/tf_static', messages.transforms_message([transform], 0), 0)
        write_images(writer)
    with (tmp_path / 'night.mcap').open('rb') as file:
        channels = make_reader(file).get_summary().channels.values()
        offered = {item.topic: item.metadata['offered_qos_profiles'] for item in channels}
    # Not by rosbags, which reads no such YAML any more once this package has opened a bag.
    (profile,) = parse_yaml(offered['/tf_static'])
    assert profile['durability'] in (1, 'transient_local')
    assert offered['/camera/image_raw'] == ''


def test_interrupt_ends_the_recording(tmp_path):
    path = tmp_path / 'night.mcap'
    with pytest.raises(KeyboardInterrupt):
        write_until(path, KeyboardInterrupt())
    assert len(read_images(path)) == 3


def test_failure_leaves_a_readable_partial_file(tmp_path):
    path = tmp_path / 'night.mcap'
    with pytest.raises(ValueError, match='broken'):
        write_until(path, ValueError('broken'))
    assert not path.exists()
    readable = (tmp_path / 'night.mcap.partial').rename(tmp_path / 'part.mcap')
    assert len(read_images(readable)) == 3


def test_empty_recording_is_readable(tmp_path):
    with McapWriter(tmp_path / 'night.mcap'):
        pass
    assert read_images(tmp_path / 'night.mcap') == []


def test_existing_file_is_kept_unless_told(tmp_path):
    path = tmp_path / 'night.mcap'
    path.write_bytes(b'precious')
    with pytest.raises(OutputError, match=r'night\.mcap exists; .*--overwrite'):
        McapWriter(path)
    assert path.read_bytes() == b'precious'
    with McapWriter(path, overwrite=True) as writer:
        write_images(writer)
    assert len(read_images(path)) == 3


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match=r'cannot be written: .*; choose another place'):
        McapWriter(tmp_path / 'file' / 'night.mcap')


def test_recording_that_cannot_be_named_is_kept_and_told(tmp_path, monkeypatch):
    path = tmp_path / 'night.mcap'

    def full(*_):
        raise OSError(28, 'No space left on device')

    writer = McapWriter(path)
    monkeypatch.setattr(type(path), 'replace', full)
    words = f'{path} cannot be written: No space left on device; .* is {path}.partial, rename it'
    with pytest.raises(OutputError, match=words), writer:
        write_images(writer)
    assert not path.exists()
    assert len(read_images((tmp_path / 'night.mcap.partial').rename(tmp_path / 'a.mcap'))) == 3


def test_full_disk_is_an_output_error(tmp_path, monkeypatch):
    writer = McapWriter(tmp_path / 'night.mcap')

    def full(**_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(writer._writer, 'add_message', full)
    with pytest.raises(OutputError, match='No space left on device'), writer:
        write_images(writer)
