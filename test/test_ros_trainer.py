"""The node trainer in this process, with a training that is played."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger
from test_ros_trainer_work import outcome, report

from steps_ros.errors import SettingsError
from steps_ros.ros.trainer import Trainer

pytestmark = pytest.mark.timeout(60)
LIMIT_S = 20.0


class Bench:
    """Trainers that serve in threads of their own, and a peer that listens and asks."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.peer = Node('peer', context=self.context, use_global_arguments=False)
        self.heard: list[DiagnosticArray] = []
        self.peer.create_subscription(DiagnosticArray, '/trainer/progress', self.heard.append, 10)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.peer)
        self._nodes: list[Trainer] = []

    def make(self, train=lambda *_: outcome(), **parameters) -> Trainer:
        """Return a trainer that does nothing yet."""
        values = {'bag': 'night.mcap', 'out': 'out', **parameters}
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        node = Trainer(
            train, context=self.context, parameter_overrides=overrides, use_global_arguments=False
        )
        self._nodes.append(node)
        return node

    def serve(self, train) -> list[int]:
        """Let a trainer run; return the list that its exit code will be in."""
        node, codes = self.make(train), []
        threading.Thread(target=lambda: codes.append(node.serve()), daemon=True).start()
        return codes

    def wait(self, condition: Callable[[], object]) -> None:
        """Spin the peer until the condition holds; fail after the limit."""
        end = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end, f'not within {LIMIT_S} s'
            self._executor.spin_once(timeout_sec=0.02)

    def phases(self) -> list[str]:
        """Return the phases that were heard of."""
        return [
            next(pair.value for pair in message.status[0].values if pair.key == 'phase')
            for message in self.heard
        ]

    def close(self) -> None:
        """Take everything down."""
        for node in self._nodes:
            node.close()
            node.destroy_node()
        self.peer.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def bench():
    """Return a bench on a context of its own."""
    made = Bench()
    yield made
    made.close()


def test_a_bad_parameter_is_one_line(bench):
    with pytest.raises(SettingsError, match="unknown parameter 'bach'; did you mean 'batch'"):
        bench.make(bach=2)
    with pytest.raises(SettingsError, match='batch'):
        bench.make(batch=0)


def test_no_parameter_changes_while_it_trains(bench):
    node = bench.make()
    result = node.set_parameters([Parameter('learning_rate', value=1.0)])[0]
    assert not result.successful
    assert node.describe_parameter('learning_rate').description.endswith('.')


def test_who_sets_an_unknown_parameter_hears_the_nearest(bench):
    result = bench.make().set_parameters_atomically([Parameter('learning', value=1.0)])
    assert result.reason == "unknown parameter 'learning'; did you mean 'learning_rate'?"
    assert not result.successful


def test_progress_comes_with_every_phase_and_every_second(bench):
    goes_on = threading.Event()

    def train(settings, hooks):
        assert settings.bag == ('night.mcap',)
        watch = hooks.watch('train', 2)
        watch(report(1))
        assert goes_on.wait(LIMIT_S)
        watch(report(2))
        return outcome(verdict='worse', is_accepted=False)

    codes = bench.serve(train)
    bench.wait(lambda: bench.phases().count('train') >= 3)
    goes_on.set()
    bench.wait(lambda: codes)
    assert codes == [3]
    bench.wait(lambda: bench.phases()[-2:] == ['finishing', 'rejected'])
    stamps = [message.header.stamp.sec for message in bench.heard]
    assert stamps == sorted(stamps)
    (status,) = bench.heard[-1].status
    assert status.name == 'trainer: training'
    assert {pair.key: pair.value for pair in status.values}['verdict'] == 'worse'


def test_stop_ends_it_after_the_step(bench):
    def train(settings, hooks):
        watch, step = hooks.watch('train', 10**9), 1
        while not watch(report(step)):
            time.sleep(0.01)
            step += 1
        return outcome(final=None)

    codes = bench.serve(train)
    client = bench.peer.create_client(Trigger, '/trainer/stop')
    bench.wait(lambda: client.service_is_ready() and 'train' in bench.phases())
    answer = client.call_async(Trigger.Request())
    bench.wait(answer.done)
    assert answer.result().success
    assert 'go on' in answer.result().message
    bench.wait(lambda: codes)
    assert codes == [0]
    bench.wait(lambda: bench.phases()[-1] == 'stopped')


def test_a_failure_is_told_and_code_1(bench):
    def train(*_):
        raise ValueError('no\nmore')

    codes = bench.serve(train)
    bench.wait(lambda: codes)
    assert codes == [1]
    bench.wait(lambda: bench.phases()[-1:] == ['failed'])
    assert bench.heard[-1].status[0].message == 'failed: ValueError: no more'
