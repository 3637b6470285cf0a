"""Faults that need processes of their own. Every wait has a time limit."""

from __future__ import annotations

from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from ros_harness import image_message, IMAGE_TOPIC, INFO_TOPIC, write_tiny_checkpoint
from test_ros_live import LIMIT_S, Peer, peer, running, START_S  # noqa: F401

from steps_ros.ros.vitals import segments_in_use, vitals

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
OPTIONS = ('autostart:=true', 'device:=cpu', 'engine:=torch')


def depth_of(asked: Peer, stamp_s: int) -> bool:
    """Send a frame again and again until its depth comes."""

    def came() -> bool:
        asked.images.publish(image_message(stamp_s))
        time.sleep(0.1)
        return any(m.header.stamp.sec == stamp_s for m in asked.received['output/depth'])

    return asked.wait(came, START_S)


def test_a_killed_node_is_started_again_while_the_others_go_on(peer, tmp_path):  # noqa: F811
    weights = write_tiny_checkpoint(tmp_path / 'tiny.safetensors')
    words = [w for option in (*OPTIONS, f'checkpoint:={weights}') for w in ('-p', option)]
    node = ('steps_ros.ros.entry', 'night_depth', '--ros-args', *words)
    with running(*node, log=tmp_path / 'first.log') as first:
        assert depth_of(peer, 1)
        left = vitals(first.pid).segments
        first.kill()
        assert first.wait(LIMIT_S) == -signal.SIGKILL
    with running(*node, log=tmp_path / 'second.log') as second:
        assert depth_of(peer, 2)
        second.send_signal(signal.SIGTERM)
        assert second.wait(LIMIT_S) == 0
    assert 'Traceback' not in (tmp_path / 'second.log').read_text()
    # The memory that the killed one shared does not stay behind.
    assert [file for file in left - segments_in_use() if Path(file).exists()] == []


def counts(asked: Peer) -> tuple[int, int, int]:
    """Return how many frames the node said last that it received, published and superseded."""
    if not asked.diagnostics:
        return 0, 0, 0
    values = {p.key: p.value for status in asked.diagnostics[-1].status for p in status.values}
    names = ('received', 'published', 'dropped.superseded')
    received, published, superseded = (int(values.get(name, 0)) for name in names)
    return received, published, superseded


def test_another_process_that_floods_is_outlived(peer, tmp_path):  # noqa: F811
    weights = write_tiny_checkpoint(tmp_path / 'tiny.safetensors')
    options = (*OPTIONS, f'checkpoint:={weights}', 'diagnostics.period_s:=0.1')
    words = [word for option in options for word in ('-p', option)]
    node = ('steps_ros.ros.entry', 'night_depth', '--ros-args', *words)
    # Thousands of images a second, as images and as what is no camera_info.
    flood = [sys.executable, str(Path(__file__).with_name('flooding.py')), IMAGE_TOPIC, INFO_TOPIC]
    with running(*node, log=tmp_path / 'node.log') as process:
        assert depth_of(peer, 1)
        with subprocess.Popen(flood) as flooding:
            peer.wait(lambda: counts(peer)[2] > 100, START_S)
            published, before = counts(peer)[1], vitals(process.pid).rss_mb
            peer.wait(lambda: counts(peer)[2] > 400 and counts(peer)[1] > published, START_S)
            flooding.kill()
        assert vitals(process.pid).rss_mb - before < 10
        received, published, superseded = counts(peer)
        # One may be under way, and one wait.
        assert 0 <= received - published - superseded <= 2
        assert depth_of(peer, 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
    assert 'Traceback' not in (tmp_path / 'node.log').read_text()
