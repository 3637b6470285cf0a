"""The trainer, and the node that gets its weights, as processes. Every wait has a time limit."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import signal
import time

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from ros_harness import image_message, IMAGE_TOPIC, write_tiny_checkpoint
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from test_ros_live import LIMIT_S, running, START_S

from steps_ros.cli.main import main
from steps_ros.core.checkpoint import load_checkpoint

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

MANY_STEPS = 100_000


class Peer(Node):
    """Talks to the nodes from this process."""

    def __init__(self, context) -> None:
        super().__init__('peer', context=context, use_global_arguments=False)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self)
        self.depths: list[Image] = []
        self.create_subscription(Image, '/night_depth/output/depth', self.depths.append, 5)
        self.images = self.create_publisher(Image, IMAGE_TOPIC, 5)
        self._progress: list[DiagnosticArray] = []
        self.create_subscription(DiagnosticArray, '/trainer/progress', self._progress.append, 10)

    def wait(self, condition, limit_s: float = START_S):
        """Spin until the condition holds; fail after the limit."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            self._executor.spin_once(timeout_sec=0.05)
        raise AssertionError(f'not within {limit_s} s')

    def ask(self, kind, service: str, request):
        """Call a service and return the answer."""
        client = self.create_client(kind, service)
        self.wait(client.service_is_ready)
        answer = client.call_async(request)
        self.wait(answer.done)
        self.destroy_client(client)
        return answer.result()

    def progress(self) -> dict[str, str]:
        """Return what the trainer said last."""
        if not self._progress:
            return {}
        return {pair.key: pair.value for pair in self._progress[-1].status[0].values}

    def forget(self) -> None:
        """Begin to listen anew."""
        self._progress.clear()

    def change(self, *transitions: int) -> list[bool]:
        """Take night_depth through lifecycle transitions."""
        requests = [ChangeState.Request(transition=Transition(id=each)) for each in transitions]
        service = '/night_depth/change_state'
        return [self.ask(ChangeState, service, request).success for request in requests]

    def depth_of_a_frame(self, stamp_s: int) -> np.ndarray:
        """Send one frame until its depth comes; return that."""
        self.depths.clear()

        def came() -> bool:
            self.images.publish(image_message(stamp_s))
            time.sleep(0.2)
            return any(message.header.stamp.sec == stamp_s for message in self.depths)

        self.wait(came)
        found = next(item for item in self.depths if item.header.stamp.sec == stamp_s)
        return np.frombuffer(found.data, np.float32)


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Return a node of this process."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Peer(context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture(scope='module')
def asked(tmp_path_factory) -> list[str]:
    """Return parameters of a small training."""
    folder = tmp_path_factory.mktemp('training')
    drive, weights = folder / 'night.mcap', folder / 'start.safetensors'
    size = ['--size', '64x96', '--lidar', '0', '--seed', '4']
    assert main(['simulate', '--out', str(drive), '--frames', '6', *size]) == 0
    write_tiny_checkpoint(weights)
    given = {
        'bag': drive,
        'init': weights,
        'preset': 'monodepth2',
        'size': '64x96',
        'batch': 1,
        'pose_warmup': 0,
        'device': 'cpu',
    }
    return [f'{name}:={value}' for name, value in given.items()]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.getbasetemp() / 'cache'))


def _trainer(log: Path, *parameters: str):
    options = [word for value in parameters for word in ('-p', value)]
    return running('steps_ros.ros.entry', 'trainer', '--ros-args', *options, log=log)


def _steps(folder: Path) -> list[int]:
    return [json.loads(line)['step'] for line in (folder / 'train.jsonl').read_text().splitlines()]


def test_what_stop_ended_goes_on_to_weights_that_load(peer, asked, tmp_path):
    log, out = tmp_path / 'log', tmp_path / 'out'
    with _trainer(log, *asked, f'out:={out}', f'max_steps:={MANY_STEPS}') as process:
        peer.wait(lambda: peer.progress().get('step', '0') > '0', 2 * START_S)
        assert peer.ask(Trigger, '/trainer/stop', Trigger.Request()).success
        assert process.wait(START_S) == 0
    done = _steps(out)
    assert done == list(range(1, done[-1] + 1))
    peer.wait(lambda: peer.progress()['phase'] == 'stopped')
    assert peer.progress()['checkpoint'] == str(out / 'checkpoints' / 'last.npz')
    assert not (out / 'final.safetensors').exists()
    peer.forget()
    last = done[-1] + 1
    with _trainer(log, *asked, f'out:={out}', f'max_steps:={last}') as process:
        assert process.wait(2 * START_S) == 0
    assert _steps(out) == [*done, last]
    peer.wait(lambda: peer.progress().get('phase') == 'done')
    assert peer.progress()['checkpoint'] == str(out / 'final.safetensors')
    assert load_checkpoint(out / 'final.safetensors').provenance.step == last
    assert 'Traceback' not in log.read_text()


def test_signals_stop_it_as_well(peer, asked, tmp_path):
    log, out = tmp_path / 'log', tmp_path / 'out'
    with _trainer(log, *asked, f'out:={out}', f'max_steps:={MANY_STEPS}') as process:
        peer.wait(lambda: peer.progress().get('phase') == 'train', 2 * START_S)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
            time.sleep(0.05)
        assert process.wait(START_S) == 0
    peer.wait(lambda: peer.progress()['phase'] == 'stopped')
    assert (out / 'checkpoints' / 'last.npz').is_file()
    assert 'Traceback' not in log.read_text()


@pytest.mark.parametrize(
    ('value', 'words'),
    [
        ('batch:=0', 'batch'),
        ('bach:=2', "did you mean 'batch'"),
        ('size:=64', 'size'),
        ('bag:=""', 'parameter bag is empty'),
        ('bag:=/nowhere.mcap', '/nowhere.mcap'),
    ],
)
def test_bad_input_is_said_in_one_line_with_exit_1(asked, tmp_path, value, words):
    log = tmp_path / 'log'
    with _trainer(log, *asked, f'out:={tmp_path / "out"}', value) as process:
        assert process.wait(2 * START_S) == 1
    (fatal,) = [line for line in log.read_text().splitlines() if 'FATAL' in line]
    assert words in fatal
    assert 'Traceback' not in log.read_text()
    assert not list(tmp_path.rglob('*.safetensors'))


def test_weights_of_the_trainer_at_the_same_path_come_with_cleanup_and_configure(
    peer, asked, tmp_path
):
    out, link, log = tmp_path / 'out', tmp_path / 'current.safetensors', tmp_path / 'log'
    first, second = write_tiny_checkpoint(tmp_path / '0.safetensors'), out / 'final.safetensors'
    link.symlink_to(first)
    options = [f'checkpoint:={link}', 'device:=cpu', 'engine:=torch', 'autostart:=true']
    words = [word for option in options for word in ('-p', option)]
    with (
        _trainer(tmp_path / 'trained', *asked, f'out:={out}', 'max_steps:=1') as trainer,
        running('steps_ros.ros.entry', 'night_depth', '--ros-args', *words, log=log) as process,
    ):
        before = peer.depth_of_a_frame(1)
        assert trainer.wait(2 * START_S) == 0
        switched = tmp_path / 'next.safetensors'
        switched.symlink_to(second)
        switched.replace(link)
        np.testing.assert_array_equal(peer.depth_of_a_frame(2), before)
        down = (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP)
        up = (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
        assert peer.change(*down, *up) == [True] * 4
        after = peer.depth_of_a_frame(3)
        assert not np.allclose(after, before, equal_nan=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
    said = log.read_text()
    assert [said.count(f'{path}: torch') for path in (first, second)] == [1, 1]
    assert 'Traceback' not in said
