"""Spinning a node that misbehaves."""

from __future__ import annotations

from contextlib import suppress
import os
import subprocess
import sys
import threading

import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from steps_ros.errors import SettingsError
from steps_ros.ros.spin import guarded, refuse_arguments, serving, spin

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def node():
    """Return a node on a context of its own."""
    context = rclpy.Context()
    rclpy.init(context=context)
    made = Node('misbehaves', context=context, use_global_arguments=False)
    yield made
    made.destroy_node()
    context.try_shutdown()


def test_a_callback_that_raises_does_not_end_the_node(node):
    calls = []

    def callback() -> None:
        calls.append(len(calls))
        if len(calls) < 3:
            raise RuntimeError('not now')
        node.context.try_shutdown()

    node.create_timer(0.01, callback)
    limit = threading.Timer(20.0, node.context.try_shutdown)
    limit.start()
    with suppress(ExternalShutdownException):
        spin(node)
    limit.cancel()
    assert len(calls) >= 3


def test_the_executor_is_gone_before_the_node(node):
    with serving(node) as executor:
        assert list(executor.get_nodes()) == [node]
    assert not executor.get_nodes()
    assert node.context.ok()


def test_a_guarded_callback_never_raises(node):
    def callback(value: int) -> None:
        raise ValueError(value)

    guarded(node, callback)(3)


@pytest.mark.parametrize('stray', [['--checkpoint', 'x'], ['x', '--ros-args', '-p', 'a:=1']])
def test_what_is_no_argument_of_ros_is_refused(stray):
    with pytest.raises(SettingsError, match=f"argument '{stray[0]}' is none of ROS; parameters"):
        refuse_arguments(['night_depth', *stray])
    refuse_arguments(['night_depth', '--ros-args', '-p', 'a:=1', '-r', 'b:=c'])


@pytest.mark.parametrize(
    ('statement', 'code'),
    [
        ('os.kill(os.getpid(), signal.SIGINT)', 0),
        ('os.kill(os.getpid(), signal.SIGTERM)', 0),
        ('rclpy.shutdown()', 0),
        ('raise ValueError', 1),
    ],
)
def test_a_signal_while_the_node_is_made_is_a_clean_end(statement, code):
    program = f"""
import os, signal, sys
import rclpy
from steps_ros.ros.spin import run_node

def make_node():
    {statement}
    return rclpy.create_node('made')

sys.exit(run_node('made', make_node, ['made']))
"""
    ended = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert ended.returncode == code
    assert ('Traceback' in ended.stderr) == bool(code)


def test_a_signal_that_is_told_of_late_is_a_clean_end():
    program = """
import signal, sys
import rclpy
from steps_ros.ros.spin import run_node

set_handler, late = signal.signal, [signal.SIGINT]

def told_late(name, handler):
    if handler is signal.SIG_IGN and late:
        late.clear()
        raise KeyboardInterrupt
    return set_handler(name, handler)

def make_node():
    node = rclpy.create_node('made')
    node.close = lambda: print('closed')
    rclpy.shutdown()
    return node

signal.signal = told_late
sys.exit(run_node('made', make_node, ['made']))
"""
    ended = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, 'closed\n')
    assert 'Traceback' not in ended.stderr


def test_a_node_that_cannot_finish_its_work_is_one_line_and_exit_1():
    program = """
import sys
import rclpy
from rclpy.node import Node
from steps_ros.errors import OutputError
from steps_ros.ros.spin import run_node

class Unfinished(Node):
    def __init__(self):
        super().__init__('unfinished')
        self.create_timer(0.01, self.context.try_shutdown)

    def close(self):
        raise OutputError('the disk is full; make room')

sys.exit(run_node('unfinished', Unfinished, ['unfinished']))
"""
    ended = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert ended.returncode == 1
    assert 'the disk is full; make room' in ended.stderr
    assert 'Traceback' not in ended.stderr


def test_a_node_that_the_middleware_refuses_is_one_line_and_exit_1(tmp_path):
    """SROS2 is asked for, and the enclave has no keys; or the middleware knows no security."""
    program = """
import sys
from rclpy.node import Node
from steps_ros.ros.spin import run_node

sys.exit(run_node('refused', lambda: Node('refused'), ['refused']))
"""
    (tmp_path / 'enclaves').mkdir()
    security = {'ENABLE': 'true', 'STRATEGY': 'Enforce', 'KEYSTORE': str(tmp_path)}
    asked = {f'ROS_SECURITY_{name}': value for name, value in security.items()}
    ended = subprocess.run(
        [sys.executable, '-c', program],
        capture_output=True,
        text=True,
        env={**os.environ, **asked},
    )
    assert ended.returncode == 1
    (fatal,) = [line for line in ended.stderr.splitlines() if 'FATAL' in line]
    assert 'ROS cannot' in fatal
    assert 'docs/security.md has what that needs' in fatal
    assert 'Traceback' not in ended.stderr
