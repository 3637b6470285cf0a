"""Two processes that train as one: means of numbers and gradients, and the first one's weights."""

import os
from pathlib import Path
import socket
import subprocess
import sys

import torch

from steps_ros.train.distributed import joined_world, World

HERE = Path(__file__).resolve().parent
MEMBER = """
import torch
from steps_ros.train.distributed import joined_world

with joined_world(torch.device('cpu')) as world:
    torch.manual_seed(world.rank)
    net = torch.nn.Linear(2, 1)
    world.share(net)
    whole = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    net(whole).square().mean().backward()
    expected = [item.grad.clone() for item in net.parameters()]
    net.zero_grad()
    net(whole[world.rank : world.rank + 1]).square().mean().backward()
    world.average_gradients(net.parameters())
    for item, gradient in zip(net.parameters(), expected):
        torch.testing.assert_close(item.grad, gradient)
    assert world.mean(torch.tensor([2.0 * world.rank])).tolist() == [1.0]
    assert world.is_writer == (world.rank == 0)
    print(net.weight.tolist())
"""


def test_two_processes_have_the_gradients_of_one_with_both_batches():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    shared = {'WORLD_SIZE': '2', 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': str(port)}
    members = [
        subprocess.Popen(
            [sys.executable, '-c', MEMBER],
            cwd=HERE.parent,
            env={**os.environ, **shared, 'RANK': str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [member.communicate(timeout=60)[0] for member in members]
    assert [member.returncode for member in members] == [0, 0]
    assert said[0] == said[1] != ''


def test_one_process_alone_needs_no_other(monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    with joined_world(torch.device('cpu')) as world:
        assert world == World()
        assert world.mean(torch.tensor(3.0)) == 3
