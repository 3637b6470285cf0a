"""The node inside the process of a benchmark: steps of its frames, and its memory."""

from __future__ import annotations

import signal

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from ros_harness import write_tiny_checkpoint

from steps_ros.bench import node_steps
from steps_ros.bench.node_memory import growth_percent
from steps_ros.bench.node_memory import measure as measure_memory
from steps_ros.bench.node_steps import NETWORKS, STEPS, Taken, text
from steps_ros.bench.own_node import own_node

SMALL = (64, 48)


@pytest.fixture
def small(tmp_path):
    checkpoint = write_tiny_checkpoint(tmp_path / 'tiny.safetensors')
    return (f'checkpoint:={checkpoint}', 'device:=cpu')


@pytest.mark.timeout(120)
@pytest.mark.parametrize('transport', ['raw', 'compressed'])
def test_every_frame_is_published_and_every_step_is_timed(small, transport):
    former = signal.getsignal(signal.SIGINT)
    with own_node(*SMALL, transport, small) as (take, statistics):
        for _ in range(3):
            take()
        now = statistics.snapshot()
        assert (now.published, now.dropped) == (3, {})
        assert now.model_ms.p50 > 0
        assert now.overhead_ms.p50 > 0
    assert signal.getsignal(signal.SIGINT) == former
    taken = node_steps.measure(SMALL, transport, 4, 2, small)
    assert set(taken.steps) == {watched.part for watched in STEPS}
    assert min(taken.steps.values()) > 0


@pytest.mark.timeout(120)
def test_memory_is_read_at_every_twentieth_frame(small):
    samples = measure_memory(SMALL, 40, small)
    assert len(samples) == 20
    assert min(samples) > 50


def test_growth_is_from_the_first_quarter_to_the_last():
    samples = [100.0, 100.0, 500.0, 0.0, 0.0, 500.0, 110.0, 110.0]
    assert growth_percent(samples) == pytest.approx(10)
    assert growth_percent([100.0]) == 0


def test_the_longest_step_comes_first():
    taken = Taken({'rest': 1.0, NETWORKS: 30.0, 'cloud': 2.0}, 33.5)
    assert taken.beyond_networks == 3.5
    lines = text((640, 480), taken).splitlines()
    assert lines[0] == '640x480: 3.5 ms beyond the networks'
    assert [line.split()[0] for line in lines[1:]] == [NETWORKS, 'cloud', 'rest']
