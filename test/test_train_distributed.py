"""Two processes that train as one; torchrun starts those of ``test_cli_train_processes``."""

import json
import os
from pathlib import Path
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from two_processes import CHECKS

from steps_ros.errors import SettingsError
from steps_ros.train.distributed import joined_world, World

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('two')


@pytest.fixture(scope='module')
def said(folder):
    """Run all checks in two processes."""
    command = [sys.executable, str(HERE / 'two_processes.py'), str(folder)]
    environment = {**os.environ, 'PYTHONPATH': str(HERE.parent)}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=115, check=False
    )


def content(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize('check', [check.__name__ for check in CHECKS])
def test_two_processes(said, check):
    assert check in said.stdout.split(), said.stderr


@pytest.mark.skipif(not Path('/proc/self/task').is_dir(), reason='threads are read from /proc')
def test_no_thread_is_left_behind(said):
    assert 'no_thread_is_left' in said.stdout.split(), said.stdout


def test_only_the_first_writes_and_two_resume_bit_for_bit(said, folder):
    assert said.returncode == 0, said.stderr
    straight, resumed = folder / 'straight', folder / 'resumed'
    names = [path.relative_to(straight).as_posix() for path in sorted(straight.rglob('*'))]
    assert names == ['checkpoints', 'checkpoints/last.npz', 'timing.jsonl', 'train.jsonl']
    log = (straight / 'train.jsonl').read_text()
    assert [json.loads(line)['step'] for line in log.splitlines()] == [1, 2, 3, 4]
    assert (resumed / 'train.jsonl').read_text() == log
    one, other = (content(folder / 'checkpoints' / 'last.npz') for folder in (straight, resumed))
    assert len(one['state.pool.samples']) == 8
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_the_batch_of_the_process_to_blame_is_saved(said, folder):
    assert said.returncode == 0, said.stderr
    assert (content(folder / 'broken' / 'bad_batch_000000.npz')['night_frames'] == 1).all()


def test_one_process_alone_needs_no_other(monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    with joined_world(torch.device('cpu')) as world:
        assert world == World()
        assert world.mean(torch.tensor(3.0)) == 3
        assert (world.any(True), world.any(False), world.of_first(2.0)) == (True, False, 2)


def test_processes_that_cannot_meet_say_so(monkeypatch):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        port = taken.getsockname()[1]
        for name, value in {'RANK': '0', 'WORLD_SIZE': '2', 'MASTER_PORT': str(port)}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv('MASTER_ADDR', raising=False)
        with pytest.raises(SettingsError, match='torchrun'), joined_world(torch.device('cpu')):
            pass
