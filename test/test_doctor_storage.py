"""Weights, cache and disks."""

import os
from pathlib import Path

import pytest

from steps_ros.core.checkpoint import Checkpoint, save_checkpoint
from steps_ros.core.illumination import IlluminationNet
from steps_ros.doctor import storage
from steps_ros.doctor.finding import FAIL, NOTE, OK
from steps_ros.doctor.storage import disks, kept, usual_places, weights


def test_weights_are_held_against_their_hash(tmp_path):
    path = tmp_path / 'weights.safetensors'
    assert [found.level for found in weights(path)] == [FAIL]
    save_checkpoint(Checkpoint(enhancer=IlluminationNet(1)), path)
    (found,) = weights(path)
    assert (found.level, 'SHA-256' in found.says) == (OK, True)
    path.write_bytes(path.read_bytes()[:-1] + b'\xff')
    (found,) = weights(path)
    assert found.level == FAIL
    assert 'it is damaged' in found.says
    assert found.remedy.startswith('install the package again')


def test_the_cache_has_a_size_and_is_not_made_by_looking(tmp_path):
    folder = tmp_path / 'cache' / 'steps_ros'
    assert [found.says for found in kept(folder)] == [f'{folder}, 0 MB']
    assert list(tmp_path.iterdir()) == []
    (folder / 'engines').mkdir(parents=True)
    (folder / 'engines' / 'one').write_bytes(bytes(5_000_000))
    assert [found.says for found in kept(folder)] == [f'{folder}, 5 MB']


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda *_: False)
    (found,) = kept(tmp_path)
    assert (found.level, 'XDG_CACHE_HOME' in found.remedy) == (NOTE, True)


@pytest.mark.parametrize(('free', 'level'), [(1e8, FAIL), (1e9, NOTE), (1e10, OK)])
def test_room_is_said_once_for_each_disk(tmp_path, monkeypatch, free, level):
    monkeypatch.setattr(storage.shutil, 'disk_usage', lambda _: type('U', (), {'free': free}))
    places = {'one': tmp_path, 'two': tmp_path / 'not' / 'yet'}
    (found,) = disks(places)
    assert found.level == level
    assert f'{free / 1e9:.1f} GB free for one, two' in found.says


def test_logs_lie_where_ros_is_told(tmp_path):
    told = {'ROS_LOG_DIR': '/logs', 'ROS_HOME': '/robot'}
    assert usual_places(told, tmp_path)['logs of ROS'] == Path('/logs')
    del told['ROS_LOG_DIR']
    assert usual_places(told, tmp_path)['logs of ROS'] == Path('/robot/log')
