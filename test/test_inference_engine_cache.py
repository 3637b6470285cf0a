"""Only whole entries are ever used, and a cache that cannot be written stops nothing."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from threading import Thread

import pytest

from steps_ros.errors import SettingsError
from steps_ros.inference.engines import cache as module
from steps_ros.inference.engines.cache import cache_folder, EngineCache

KEY = {'engine': 'x', 'weights': 'w'}


@pytest.fixture
def cache(tmp_path) -> EngineCache:
    return EngineCache(tmp_path)


def fill(cache: EngineCache, key=KEY) -> None:
    with cache.workplace() as folder:
        (folder / 'blob').write_bytes(b'engine')
        cache.keep(key, folder, {'difference': [0, 0, 0]})


def test_folder_follows_xdg(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert cache_folder() == tmp_path / 'steps_ros' / 'engines'
    for value in ('', 'relative'):
        monkeypatch.setenv('XDG_CACHE_HOME', value)
        assert cache_folder() == Path.home() / '.cache' / 'steps_ros' / 'engines'


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    def homeless():
        raise RuntimeError('Could not determine home directory.')

    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setattr(Path, 'home', homeless)
    with pytest.raises(SettingsError, match='set XDG_CACHE_HOME'):
        cache_folder()


def test_an_entry_is_found_under_its_key_alone(cache, tmp_path):
    assert cache.find(KEY) is None
    fill(cache)
    entry = cache.find(KEY)
    assert (entry.folder / 'blob').read_bytes() == b'engine'
    assert entry.facts['difference'] == [0, 0, 0]
    assert cache.find({**KEY, 'weights': 'v'}) is None
    assert [path.name.partition('-')[0] for path in tmp_path.iterdir()] == ['engine']


def test_a_half_built_entry_is_never_found(cache, tmp_path):
    with cache.workplace() as folder:
        (folder / 'blob').write_bytes(b'eng')
        assert cache.find(KEY) is None
    assert list(tmp_path.iterdir()) == []
    fill(cache)
    entry = cache.find(KEY)
    (entry.folder / 'blob').write_bytes(b'eng')
    assert cache.find(KEY) is None
    (entry.folder / 'blob').unlink()
    assert cache.find(KEY) is None
    # As long as it was, and one bit is another.
    (entry.folder / 'blob').write_bytes(b'engind')
    assert cache.find(KEY) is None
    (entry.folder / 'blob').write_bytes(b'engine')
    assert cache.find(KEY) is not None
    (entry.folder / 'entry.json').write_text('{"key": ')
    assert cache.find(KEY) is None


def test_the_process_that_comes_second_keeps_the_first_ones(cache, caplog):
    fill(cache)
    fill(cache)
    assert cache.find(KEY) is not None
    assert caplog.text == ''


def test_a_damaged_entry_is_replaced(cache, tmp_path, caplog):
    fill(cache)
    (cache.find(KEY).folder / 'blob').write_bytes(b'eng')
    fill(cache)
    assert (cache.find(KEY).folder / 'blob').read_bytes() == b'engine'
    assert [path.name.partition('-')[0] for path in tmp_path.iterdir()] == ['engine']
    assert caplog.text == ''


def test_several_that_replace_a_damaged_entry_at_once_leave_a_whole_one(cache, tmp_path, caplog):
    fill(cache)
    blob = cache.find(KEY).folder / 'blob'
    for _ in range(20):
        blob.write_bytes(b'eng')
        builders = [Thread(target=fill, args=(EngineCache(tmp_path),)) for _ in range(4)]
        for builder in builders:
            builder.start()
        for builder in builders:
            builder.join()
        assert cache.find(KEY) is not None
    assert [path.name.partition('-')[0] for path in tmp_path.iterdir()] == ['engine']
    assert caplog.text == ''


def test_an_entry_that_is_taken_away_meanwhile_is_not_found(cache, monkeypatch):
    def gone(folder):
        raise FileNotFoundError(folder)

    fill(cache)
    monkeypatch.setattr(module, '_contents', gone)
    assert cache.find(KEY) is None


def test_a_cache_that_cannot_be_written_is_said_once(tmp_path, caplog):
    (tmp_path / 'file').write_text('')
    cache = EngineCache(tmp_path / 'file' / 'engines')
    for _ in range(2):
        with cache.workplace() as folder:
            assert folder is None
        cache.write_note(KEY, {'engine': 'torch'})
        assert cache.find(KEY) is None
    assert len(caplog.records) == 1
    assert 'cannot be kept' in caplog.text
    assert 'XDG_CACHE_HOME' in caplog.text


def test_a_full_disk_is_said_once_and_leaves_nothing(cache, tmp_path, monkeypatch, caplog):
    def full(path, content):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(module, '_write', full)
    fill(cache)
    cache.write_note(KEY, {})
    assert list(tmp_path.iterdir()) == []
    assert len(caplog.records) == 1
    assert 'No space left on device' in caplog.text


def test_notes_are_replaced(cache):
    assert cache.note(KEY) == {}
    cache.write_note(KEY, {'engine': 'one'})
    cache.write_note(KEY, {'engine': 'two'})
    assert cache.note(KEY)['engine'] == 'two'
    assert cache.note({'engine': 'y'}) == {}


def test_the_longest_unused_entries_go_and_so_does_what_was_left_behind(
    cache, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, 'MOST_ENTRIES', 2)
    left, fresh = tmp_path / 'partial-old', tmp_path / 'partial-new'
    left.mkdir()
    fresh.mkdir()
    os.utime(left, (0, 0))
    for number in range(3):
        fill(cache, {'n': str(number)})
        for place, path in enumerate(sorted(tmp_path.glob('engine-*'), key=_age)):
            os.utime(path, (1000 + place, 1000 + place))
    assert cache.find({'n': '0'}) is None
    assert cache.find({'n': '1'}) is not None
    assert cache.find({'n': '2'}) is not None
    assert (left.exists(), fresh.exists()) == (False, True)


def test_facts_are_plain(cache):
    fill(cache)
    facts = json.loads((cache.find(KEY).folder / 'entry.json').read_text())
    content = hashlib.sha256(b'engine').hexdigest()
    assert facts == {'difference': [0, 0, 0], 'key': KEY, 'files': {'blob': content}}


def _age(path: Path) -> float:
    return path.stat().st_mtime
