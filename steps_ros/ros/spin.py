"""
Run a node from start to end: one line for what is wrong, a clean end for Ctrl-C, even twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
import os
import signal
import sys
import time
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.utilities import remove_ros_args

from steps_ros.errors import SettingsError, StepsError
from steps_ros.ros.parameter_files import overlooked

DONE, FAILED = 0, 1
# Long enough that an error without end does not fill a disk with its log.
AFTER_ERROR_S = 0.1


def run_node(name: str, make_node: Callable[[], Node], args: Sequence[str] | None = None) -> int:
    """
    Spin the node until Ctrl-C, SIGTERM or the shutdown of its context.

    :param make_node: called after rclpy has started; the node may have a method ``close``.
    :param args: the command line with the program's name, for rclpy; None takes sys.argv.
    :returns: the exit code: 0, or 1 where the node could not be made, or not finish its work.
    """
    try:
        with started(args) as keep:
            spin(keep(make_node()))
    except StepsError as error:
        get_logger(name).fatal(str(error))
        return FAILED
    return DONE


def spin(node: Node) -> None:
    """
    Serve the node until its context is shut down, whatever a callback raises.

    Our own callbacks are guarded; rclpy's are not in every version: up to Jazzy, a request for
    a lifecycle transition that does not exist in the present state raises.

    Returns, or raises ``ExternalShutdownException`` or ``KeyboardInterrupt``, at the shutdown.
    """
    if not node.context.ok():  # a signal came while the node was made
        return
    with serving(node) as executor:
        while node.context.ok():
            try:
                executor.spin()
            except ExternalShutdownException:
                raise
            except Exception as error:  # as said above
                if node.context.ok():
                    node.get_logger().error(f'callback failed: {type(error).__name__}: {error}')
                    time.sleep(AFTER_ERROR_S)


@contextmanager
def serving(node: Node) -> Iterator[SingleThreadedExecutor]:
    """Yield an executor that has the node, and is gone before the node and its context are."""
    executor = SingleThreadedExecutor(context=node.context)
    try:
        executor.add_node(node)
        yield executor
    finally:
        executor.shutdown()


@contextmanager
def started(args: Sequence[str] | None) -> Iterator[Callable[[Any], Any]]:
    """
    Have rclpy running within the block, which Ctrl-C and SIGTERM end without an error.

    Yields a function that takes the node, so that it is closed and destroyed at the end. It warns
    of parameter files that hold nothing for that node.

    :raises SettingsError: rclpy refuses its command line, or the middleware the node.
    :raises StepsError: a node could not finish its work.
    """
    nodes: list[Any] = []

    def keep(node: Any) -> Any:
        nodes.append(node)
        given = sys.argv if args is None else args
        for line in overlooked(given, node.get_fully_qualified_name()):
            node.get_logger().warning(line)
        return node

    try:
        _init(args)
        yield keep
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except StepsError:
        raise
    except Exception as error:
        # rclpy's signal handler takes the context down under whatever is being made, and that
        # then fails in its own way.
        if not rclpy.ok():
            return
        # What the middleware refuses has no public class either.
        if nodes or not isinstance(error, RuntimeError):
            raise
        raise SettingsError(f'ROS cannot make the node: {_reason(error)}') from error
    finally:
        with suppress(KeyboardInterrupt):  # of a signal that came before, told of only now
            _ignore_signals()
        _ignore_signals()
        _finish(nodes)


def refuse_arguments(args: Sequence[str] | None) -> None:
    """
    Refuse what a node does not take, for which rclpy has no word.

    :param args: the command line with the program's name; None is sys.argv.
    :raises SettingsError: there is more on it than arguments of ROS.
    """
    strange = remove_ros_args(args=None if args is None else list(args))[1:]
    if strange:
        raise SettingsError(
            f'argument {strange[0]!r} is none of ROS; parameters are given as '
            '--ros-args -p NAME:=VALUE'
        )


def guarded(node: Node, callback: Callable[..., None]) -> Callable[..., None]:
    """Return the callback so that an exception is logged, not passed on to end the node."""

    def call(*arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception as error:  # whatever it is, the node stays up
            if node.context.ok():
                node.get_logger().error(
                    f'{callback.__name__} failed: {type(error).__name__}: {error}',
                    throttle_duration_sec=5.0,
                )

    return call


def _init(args: Sequence[str] | None) -> None:
    is_started = False

    def end(*_: object) -> None:
        # Until rclpy has handlers of its own there is nothing to take down.
        if not is_started:
            os._exit(DONE)

    # rclpy puts its own handlers before these, and calls them too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, end)
    try:
        rclpy.init(args=None if args is None else list(args))
    except Exception as error:  # the error of the C library has no public class
        raise SettingsError(f'ROS cannot start: {_reason(error)}') from error
    is_started = True


def _reason(error: Exception) -> str:
    words = ' '.join(str(error).split())
    if os.environ.get('ROS_SECURITY_ENABLE') != 'true':
        return words
    return f'{words}; ROS_SECURITY_ENABLE is true, and docs/security.md has what that needs'


def _ignore_signals() -> None:
    """Let no second Ctrl-C, nor the SIGINT that a launch sends after it, cut short the end."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)


def _finish(nodes: Sequence[Any]) -> None:
    """
    Take nodes and context down.

    :raises StepsError: a node could not finish its work; all is down nevertheless.
    """
    problems: list[StepsError] = []
    for node in nodes:
        try:
            if hasattr(node, 'close'):
                node.close()
        except StepsError as error:
            problems.append(error)
        node.destroy_node()
    if rclpy.ok():
        rclpy.shutdown()
    for problem in problems:
        raise problem
