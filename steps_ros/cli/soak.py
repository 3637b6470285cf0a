"""
``steps-ros soak``: thousands of good and bad frames through the live node, all accounted for.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import sys

from steps_ros.bench.arguments import count
from steps_ros.cli.interrupt import one_interrupt
from steps_ros.errors import StepsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``soak``."""
    parser.add_argument('--frames', type=count, default=20000, metavar='N', help='default: 20000')
    parser.add_argument(
        '--out', type=Path, default=Path('soak_out'), help='folder of logs, result'
    )
    parser.add_argument(
        '--width',
        type=count,
        default=640,
        metavar='PIXELS',
        help='of the widest camera (default: %(default)s)',
    )
    parser.add_argument('--size', default='', metavar='HxW', help='network size, multiples of 32')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier soak')


def run(arguments: argparse.Namespace) -> int:
    """
    Soak, print what was measured as JSON, and one line for each broken promise.

    :raises StepsError: rclpy is missing, the folder cannot be used, the node does not start.
    :raises KeyboardInterrupt: Ctrl-C, after what was measured is printed.
    """
    try:
        from steps_ros.ros.soak import run_soak, SoakSettings
    except ImportError as error:
        raise StepsError(
            f'the soak needs ROS 2: {error}; source a ROS installation, or '
            '`pip install "steps_ros[ros]"` on x86-64 Linux'
        ) from error
    with one_interrupt():
        result = run_soak(
            SoakSettings(
                out=arguments.out,
                frames=arguments.frames,
                widest=arguments.width,
                network_size=arguments.size,
                overwrite=arguments.overwrite,
            )
        )
    broken = result.broken_promises()
    if not result.is_interrupted:
        for line in broken:
            print(f'error: {line}', file=sys.stderr)
    print(json.dumps(result.plain()))
    if result.is_interrupted:
        sys.stdout.flush()
        raise KeyboardInterrupt
    return 1 if broken else 0
