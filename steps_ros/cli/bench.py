"""
``steps-ros bench``: how fast everything is on this machine, beside what it could be.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from steps_ros.bench.arguments import size
from steps_ros.cli.interrupt import one_interrupt
from steps_ros.errors import OutputError

# Those of :mod:`steps_ros.bench.suite`, which takes seconds to load.
PARTS = ('predictor', 'cameras', 'start', 'node', 'memory', 'bag', 'training')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``bench``."""
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all numbers there')
    parser.add_argument(
        '--only',
        nargs='+',
        choices=PARTS,
        metavar='PART',
        help=f'measure these alone: {", ".join(PARTS)}',
    )
    parser.add_argument('--quick', action='store_true', help='few rounds, rough numbers')
    parser.add_argument(
        '--size',
        type=size,
        metavar='HxW',
        help='pictures of predictor and cameras (default: 320x576)',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier FILE')


def run(arguments: argparse.Namespace) -> int:
    """
    Measure, print a table, and write the numbers where that was asked for.

    :raises StepsError: the file is there already, a size that cannot be, a process that fails.
    """
    if arguments.json is not None and arguments.json.exists() and not arguments.overwrite:
        raise OutputError(f'{arguments.json} exists; give another file or --overwrite')
    from steps_ros.bench.suite import Effort, QUICK, run_suite
    from steps_ros.data.outputs import json_bytes, write_file

    effort = QUICK if arguments.quick else Effort()
    if arguments.size is not None:
        effort = effort._replace(size=arguments.size)
    with one_interrupt():
        results = run_suite(effort, arguments.only or PARTS)
    print(results.text())
    if arguments.json is not None:
        write_file(arguments.json, json_bytes(results.plain()))
    return 0
