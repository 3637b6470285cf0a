"""
The hash of a drive's bytes, and when it is computed again.
"""

from __future__ import annotations

import hashlib
import os

import pytest

from steps_ros.data import content_hash as module
from steps_ros.data.content_hash import content_hash
from steps_ros.data.digest import digest
from steps_ros.errors import SourceError


def write(path, content, age_s=60):
    path.write_bytes(content)
    when = path.stat().st_mtime - age_s
    os.utime(path, (when, when))
    return path


def test_it_is_the_hash_of_the_digests_in_their_order(tmp_path):
    one, two = write(tmp_path / 'one', b'1'), write(tmp_path / 'two', b'2')
    lines = f'{digest(one)}\n{digest(two)}\n'
    found = content_hash([one, two], tmp_path / 'cache')
    assert found == hashlib.sha256(lines.encode()).hexdigest()
    assert content_hash([two, one], tmp_path / 'cache') != found


def test_unchanged_files_are_not_read_again(tmp_path, monkeypatch):
    path, cache = write(tmp_path / 'one', b'1'), tmp_path / 'cache'
    found = content_hash([path], cache)
    monkeypatch.setattr(module, 'digest', None)
    assert content_hash([path], cache) == found
    monkeypatch.undo()
    write(path, b'2', age_s=50)
    assert content_hash([path], cache) != found


def test_files_of_this_moment_are_read_every_time(tmp_path):
    path = write(tmp_path / 'one', b'1', age_s=0)
    content_hash([path], tmp_path / 'cache')
    assert not (tmp_path / 'cache').exists()


def test_a_file_in_a_folder_that_changes_is_seen(tmp_path):
    folder = tmp_path / 'bag'
    folder.mkdir()
    write(folder / 'one', b'1')
    os.utime(folder, (0, 0))
    first = content_hash([folder], tmp_path / 'cache')
    write(folder / 'one', b'2', age_s=30)
    assert content_hash([folder], tmp_path / 'cache') != first


def test_missing(tmp_path):
    with pytest.raises(SourceError, match='cannot be read'):
        content_hash([tmp_path / 'none'], tmp_path)
