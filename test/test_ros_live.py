"""The node and the demo as processes of their own. Every wait has a time limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from ros_harness import (
    image_message,
    IMAGE_TOPIC,
    info_message,
    INFO_TOPIC,
    write_tiny_checkpoint,
)
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from steps_ros.data.bags import open_bag

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

START_S, LIMIT_S = 60.0, 20.0
OUTPUTS = {
    'output/image_enhanced': Image,
    'output/depth': Image,
    'output/camera_info': CameraInfo,
    'output/confidence': Image,
    'output/points': PointCloud2,
    'debug/depth_colored': Image,
}


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory) -> Path:
    """Return untrained weights, small and quick."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp('weights') / 'tiny.safetensors')


@contextmanager
def running(*arguments: str, log: Path) -> Iterator[subprocess.Popen]:
    """Start a process of the package and make sure that it is gone afterwards."""
    command = [sys.executable, '-m', *arguments]
    with log.open('wb') as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT_S)


def _node(checkpoint: Path | str, log: Path):
    # Engines are built in the demo.
    given = ('autostart:=true', f'checkpoint:={checkpoint}', 'device:=cpu', 'engine:=torch')
    words = [word for parameter in given for word in ('-p', parameter)]
    return running('steps_ros.ros.entry', 'night_depth', '--ros-args', *words, log=log)


class Peer(Node):
    """Talks to the node from this process."""

    def __init__(self, context) -> None:
        super().__init__('peer', context=context, use_global_arguments=False)
        self.images = self.create_publisher(Image, IMAGE_TOPIC, QoSProfile(depth=5))
        self.infos = self.create_publisher(CameraInfo, INFO_TOPIC, QoSProfile(depth=5))
        self.received = {topic: [] for topic in OUTPUTS}
        for topic, kind in OUTPUTS.items():
            self.create_subscription(kind, f'/night_depth/{topic}', self.received[topic].append, 5)
        self.diagnostics = []
        self.create_subscription(DiagnosticArray, '/diagnostics', self.diagnostics.append, 5)

    def wait(self, condition, limit_s: float = LIMIT_S):
        """Spin until the condition holds; fail after the limit."""
        executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        executor.add_node(self)
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            executor.spin_once(timeout_sec=0.05)
        raise AssertionError(f'not within {limit_s} s')

    def wait_until_connected(self) -> None:
        """Wait until the node is active and sees every subscription."""
        self.wait(self.images.get_subscription_count, START_S)
        self.wait(self.infos.get_subscription_count)
        self.wait(lambda: all(self.count_publishers(f'/night_depth/{t}') for t in OUTPUTS))
        self.infos.publish(info_message())
        self.wait(lambda: self._send_until_all_came(), START_S)
        for messages in self.received.values():
            messages.clear()

    def _send_until_all_came(self) -> bool:
        self.images.publish(image_message(1))
        time.sleep(0.2)
        return all(self.received.values())

    def state(self) -> str:
        """Ask the node for its lifecycle state."""
        client = self.create_client(GetState, '/night_depth/get_state')
        self.wait(client.service_is_ready, START_S)
        answer = client.call_async(GetState.Request())
        self.wait(answer.done)
        return answer.result().current_state.label


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Return a node of this process."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Peer(context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_frames_go_through_bad_ones_are_dropped_and_ctrl_c_twice_is_clean(
    peer, checkpoint, tmp_path
):
    log = tmp_path / 'node.log'
    with _node(checkpoint, log) as process:
        peer.wait_until_connected()
        bad = image_message(5)
        bad.step = 1
        peer.images.publish(bad)
        peer.wait(lambda: 'step 1 is smaller' in log.read_text())
        sent = image_message(77)
        peer.images.publish(sent)
        for messages in peer.received.values():
            peer.wait(lambda came=messages: any(item.header == sent.header for item in came))
            assert all(item.header.stamp.sec != 5 for item in messages)
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
    assert 'Traceback' not in log.read_text()


def test_a_missing_checkpoint_leaves_the_process_up_and_says_why(peer, tmp_path):
    log = tmp_path / 'node.log'
    with _node('/nowhere/x.safetensors', log) as process:
        peer.wait(
            lambda: any(
                '/nowhere/x.safetensors' in status.message
                for array in peer.diagnostics
                for status in array.status
            ),
            START_S,
        )
        assert peer.state() == 'unconfigured'
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
    assert '/nowhere/x.safetensors: no such file' in log.read_text()
    assert 'Traceback' not in log.read_text()


@pytest.mark.parametrize('value', ['cloud.stride:=0', 'max_range:=far', 'clout.stride:=2'])
def test_a_bad_parameter_is_one_line_and_exit_1(value, tmp_path):
    log = tmp_path / 'node.log'
    with running(
        'steps_ros.ros.entry', 'night_depth', '--ros-args', '-p', value, log=log
    ) as process:
        assert process.wait(START_S) == 1
    assert len(log.read_text().splitlines()) == 1


@pytest.fixture
def frames(tmp_path) -> Path:
    """Return a folder of five small frames."""
    folder = tmp_path / 'frames'
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 60, (5, 96, 128, 3)).astype(np.uint8)
    for number, image in enumerate(noise):
        cv2.imwrite(str(folder / f'{number}.png'), image)
    return folder


def _demo(folder: Path, out: Path, checkpoint: Path, *more: str):
    options = ['--input', str(folder), '--out', str(out), '--checkpoint', str(checkpoint)]
    return running('steps_ros.cli.main', 'demo', *options, *more, log=out.with_suffix('.log'))


def test_the_demo_accounts_for_every_frame(frames, checkpoint, tmp_path):
    out = tmp_path / 'out'
    with _demo(frames, out, checkpoint, '--rate', '4') as process:
        code = process.wait(150)
    assert code == 0, out.with_suffix('.log').read_text()
    summary = json.loads((out / 'summary.json').read_text())
    assert summary['frames_in'] == 5 == summary['frames_out'] + summary['dropped']
    assert sum(summary['dropped_by_reason'].values()) == summary['dropped']
    assert (summary['scale'], summary['intrinsics']) == ('relative', 'assumed')
    assert summary['latency_ms']['p50'] > 0
    assert cv2.imread(str(out / 'contact_sheet.png')) is not None
    with open_bag(out / 'recording.mcap') as bag:
        counts = {topic.name: topic.message_count for topic in bag.topics}
    assert counts['/camera/image_raw'] == 5
    assert counts['/night_depth/output/depth'] == summary['frames_out'] > 0


def test_bad_input_of_the_demo_is_one_line(checkpoint, tmp_path):
    empty, out = tmp_path / 'empty', tmp_path / 'out'
    empty.mkdir()
    with _demo(empty, out, checkpoint) as process:
        assert process.wait(150) == 1
    said = out.with_suffix('.log').read_text()
    assert 'holds no image' in said.splitlines()[-1]
    assert 'Traceback' not in said


def test_sigterm_and_ctrl_c_end_the_demo_with_a_readable_recording(frames, checkpoint, tmp_path):
    out = tmp_path / 'out'
    with _demo(frames, out, checkpoint, '--rate', '0.5') as process:
        end = time.monotonic() + START_S
        while time.monotonic() < end and not (out / 'logs' / 'publisher.log').exists():
            time.sleep(0.1)
        time.sleep(4.0)
        for number in (signal.SIGTERM, signal.SIGINT):
            process.send_signal(number)
            time.sleep(0.3)
        assert process.wait(90) == 130
    assert 'Traceback' not in out.with_suffix('.log').read_text()
    with open_bag(out / 'recording.mcap') as bag:
        assert bag.topics
