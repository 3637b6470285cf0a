"""Files are whole or as they were; those that last are on the disk before they have a name."""

import os
from pathlib import Path

import pytest

from steps_ros import whole_file
from steps_ros.core.checkpoint import Checkpoint, save_checkpoint
from steps_ros.core.illumination import IlluminationNet
from steps_ros.whole_file import write_whole


@pytest.fixture
def done(monkeypatch):
    """Return what is done to the disk, in its order."""
    said, flush, rename = [], os.fsync, Path.replace

    def fsync(descriptor):
        said.append('flush')
        flush(descriptor)

    def replace(path, target):
        said.append('rename')
        return rename(path, target)

    monkeypatch.setattr(whole_file.os, 'fsync', fsync)
    monkeypatch.setattr(Path, 'replace', replace)
    return said


@pytest.mark.skipif(os.name != 'posix', reason='folders are flushed as POSIX has them')
def test_what_shall_last_is_flushed_before_and_after_it_has_its_name(tmp_path, done):
    write_whole(tmp_path / 'a' / 'b', b'x', lasting=True)
    assert done == ['flush', 'rename', 'flush']
    done.clear()
    save_checkpoint(Checkpoint(enhancer=IlluminationNet(1)), tmp_path / 'c.safetensors')
    assert done == ['flush', 'rename', 'flush']


def test_what_can_be_made_again_is_not_waited_for(tmp_path, done):
    write_whole(tmp_path / 'b', b'x')
    assert done == ['rename']


def test_a_disk_that_is_full_at_the_flush_keeps_the_former_file(tmp_path, monkeypatch):
    path = tmp_path / 'b'
    path.write_bytes(b'former')

    def full(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(whole_file.os, 'fsync', full)
    with pytest.raises(OSError, match='No space'):
        write_whole(path, b'new', lasting=True)
    assert (path.read_bytes(), [item.name for item in tmp_path.iterdir()]) == (b'former', ['b'])
