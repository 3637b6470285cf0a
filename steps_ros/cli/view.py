"""
``steps-ros view``: a running node in a browser.
"""

from __future__ import annotations

import argparse
import logging
import socket

from steps_ros.cli.interrupt import one_interrupt
from steps_ros.errors import StepsError
from steps_ros.view.server import address, ANY_HOSTS, LOCAL_HOSTS

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``view``."""
    parser.add_argument(
        '--node', default='/night_depth', help='full name of the node (default: %(default)s)'
    )
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen on; 0.0.0.0 lets every machine of the network in, without a '
        'password (default: %(default)s, this machine alone)',
    )
    parser.add_argument(
        '--port', type=int, default=8080, help='0 takes a free one (default: %(default)s)'
    )
    parser.add_argument(
        '--max-rate',
        type=float,
        default=5.0,
        metavar='HZ',
        help='most pictures and clouds per second (default: %(default)g)',
    )
    parser.add_argument(
        '--width', type=int, default=640, help='widest picture, pixels (default: %(default)s)'
    )
    parser.add_argument(
        '--max-points', type=int, default=20000, help='largest cloud (default: %(default)s)'
    )
    parser.add_argument(
        '--reliable',
        action='store_true',
        help='lose no picture on the way; a slow view then slows its publishers',
    )
    parser.add_argument(
        '--remap',
        action='append',
        default=[],
        metavar='FROM:=TO',
        help='an output of the node that was remapped, with its full name; may be repeated',
    )


def run(arguments: argparse.Namespace) -> int:
    """
    Serve the page until Ctrl-C.

    :raises StepsError: rclpy or viser is missing, a bad setting, or the port is in use.
    :raises KeyboardInterrupt: that is how it ends.
    """
    with one_interrupt():
        try:
            from steps_ros.ros.view import run_view, ViewSettings
        except ImportError as error:
            raise StepsError(
                f'the view needs ROS 2: {error}; source a ROS installation, or '
                '`pip install "steps_ros[ros]"` on x86-64 Linux'
            ) from error
        settings = ViewSettings(
            node=arguments.node,
            host=arguments.host,
            port=arguments.port,
            max_rate_hz=arguments.max_rate,
            width=arguments.width,
            max_points=arguments.max_points,
            reliable=arguments.reliable,
        )

        def listening(port: int) -> None:
            _say(arguments.host, port)

        if run_view(settings, tuple(arguments.remap), listening):
            raise KeyboardInterrupt
    return 0


def _say(host: str, port: int) -> None:
    logger.info('open %s', address(host, port))
    if host in LOCAL_HOSTS:
        logger.info(
            'from another machine: ssh -L %d:localhost:%d %s there, or --host 0.0.0.0 here',
            port,
            port,
            socket.gethostname(),
        )
    elif host in ANY_HOSTS:
        logger.info('whoever reaches this port sees the cameras; there is no password')
