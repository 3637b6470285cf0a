"""
Run a node from start to end: one line for bad settings, a clean end for Ctrl-C, even twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import signal
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node

from steps_ros.errors import StepsError


def run_node(name: str, make_node: Callable[[], Node], args: Sequence[str] | None = None) -> int:
    """
    Spin the node until Ctrl-C, SIGTERM or the shutdown of its context.

    :param make_node: called after rclpy has started; the node may have a method ``close``.
    :returns: the exit code: 0, or 1 where the node could not be made.
    """
    node: Any = None
    try:
        rclpy.init(args=args)
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except StepsError as error:
        get_logger(name).fatal(str(error))
        return 1
    finally:
        finish(node)
    return 0


def finish(node: Any) -> None:
    """Take the node and its context down, deaf to further signals."""
    # A second Ctrl-C, or the SIGINT that a launch sends after it, must not cut this short.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    if node is not None:
        if hasattr(node, 'close'):
            node.close()
        node.destroy_node()
    if rclpy.ok():
        rclpy.shutdown()


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
