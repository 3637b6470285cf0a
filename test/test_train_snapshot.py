"""Snapshots of a training: exact, whole or absent, refused when damaged."""

import numpy as np
import pytest
import torch

from steps_ros import whole_file
from steps_ros.data.outputs import npz_bytes
from steps_ros.errors import CheckpointError, OutputError
from steps_ros.train import snapshot as snapshots
from steps_ros.train.snapshot import (
    named,
    optimiser_tensors,
    part,
    read_snapshot,
    restore_optimiser,
    Snapshot,
    write_snapshot,
)


def a_snapshot(step=3):
    return Snapshot(step, {'a.b': torch.arange(3.0), 'a.c': torch.tensor(7)}, {'pool': [1, 2]})


def test_it_comes_back_as_it_was(tmp_path):
    write_snapshot(a_snapshot(), tmp_path / 'x' / 'last.npz')
    found = read_snapshot(tmp_path / 'x' / 'last.npz')
    assert (found.step, found.values) == (3, {'pool': [1, 2]})
    assert found.tensors['a.b'].tolist() == [0, 1, 2]
    assert found.tensors['a.c'].dtype == torch.int64
    assert set(part(found.tensors, 'a')) == {'b', 'c'}
    assert named('a', part(found.tensors, 'a')).keys() == found.tensors.keys()


def test_a_full_disk_keeps_the_former_one(tmp_path, monkeypatch):
    path = tmp_path / 'last.npz'
    write_snapshot(a_snapshot(), path)

    def full(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(whole_file.os, 'fsync', full)
    with pytest.raises(OutputError, match=r'No space left.*--resume'):
        write_snapshot(a_snapshot(4), path)
    assert read_snapshot(path).step == 3
    assert list(tmp_path.iterdir()) == [path]


def test_damaged_and_foreign_files_are_refused(tmp_path):
    path = tmp_path / 'last.npz'
    with pytest.raises(CheckpointError, match='no such file'):
        read_snapshot(path)
    write_snapshot(a_snapshot(), path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(CheckpointError, match='no snapshot'):
        read_snapshot(path)
    path.write_bytes(npz_bytes({'a': np.zeros(1)}))
    with pytest.raises(CheckpointError, match='no snapshot'):
        read_snapshot(path)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / 'last.npz'
    write_snapshot(a_snapshot(), path)
    content = bytearray(path.read_bytes())
    content[content.index(np.arange(3, dtype=np.float32).tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match='no snapshot'):
        read_snapshot(path)


def test_another_format_names_both(tmp_path, monkeypatch):
    path = tmp_path / 'last.npz'
    monkeypatch.setattr(snapshots, 'FORMAT', 9)
    write_snapshot(a_snapshot(), path)
    monkeypatch.setattr(snapshots, 'FORMAT', 1)
    with pytest.raises(CheckpointError, match='format 9, this version reads 1'):
        read_snapshot(path)


def test_adam_goes_on_bit_for_bit(tmp_path):
    def training():
        torch.manual_seed(0)
        net = torch.nn.Linear(3, 2)
        return net, torch.optim.Adam([{'params': net.parameters(), 'lr': 0.1}])

    def step(net, optimiser, seed):
        optimiser.zero_grad()
        picture = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed))
        net(picture).square().sum().backward()
        optimiser.step()

    straight, optimiser = training()
    for seed in range(6):
        step(straight, optimiser, seed)
    net, optimiser = training()
    for seed in range(3):
        step(net, optimiser, seed)
    tensors = {**named('net', net.state_dict()), **optimiser_tensors(optimiser, 'adam')}
    write_snapshot(Snapshot(3, tensors), tmp_path / 'last.npz')
    found = read_snapshot(tmp_path / 'last.npz').tensors
    resumed, optimiser = training()
    resumed.load_state_dict(part(found, 'net'))
    restore_optimiser(optimiser, 'adam', found)
    for seed in range(3, 6):
        step(resumed, optimiser, seed)
    for one, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
