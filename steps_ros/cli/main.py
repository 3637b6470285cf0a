"""The ``steps-ros`` command: pick a subcommand, run it, turn its outcome into an exit code."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import importlib
import logging
import os
import sys
from typing import NamedTuple

from steps_ros import __version__
from steps_ros.cli.interrupt import INTERRUPTED, leaving_on_interrupt
from steps_ros.errors import StepsError

FAILED = 1


class Command(NamedTuple):
    """A subcommand: its module, with ``add_arguments`` and ``run``, and its line of help."""

    module: str
    summary: str


COMMANDS = {
    'run': Command('run', 'enhance and predict depth for an image, folder, video or bag'),
    'train': Command('train', 'fine-tune both networks on recorded drives, without labels'),
    'evaluate': Command('evaluate', 'measure depth against LiDAR or true depth, with a report'),
    'demo': Command('demo', 'send frames through the live ROS node and record what comes out'),
    'view': Command('view', 'look at a running node in a browser: pictures, cloud, diagnostics'),
    'bench': Command('bench', 'measure how fast everything is on this machine, and against what'),
    'simulate': Command('simulate', 'render night or day street drives with exact depth'),
    'import-weights': Command('import_weights', 'turn weights of other projects into checkpoints'),
    'export': Command('export', 'write the depth network as ONNX, or build engines ahead'),
    'default-weights': Command('default_weights', 'make the default weights again, from a seed'),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code: 0, 1 bad input, 2 usage, 130 Ctrl-C."""
    # Threads that spin while they wait starve machines with few cores.
    os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    arguments = sys.argv[1:] if argv is None else list(argv)
    with leaving_on_interrupt():
        parsed = _parser(_named(arguments)).parse_args(arguments)
        module = importlib.import_module(f'steps_ros.cli.{COMMANDS[parsed.command].module}')
    # Libraries speak up from warnings on; the package as loud as it was asked to.
    logging.basicConfig(format='%(levelname)s: %(message)s', level=logging.WARNING)
    logging.getLogger('steps_ros').setLevel(parsed.log_level.upper())
    try:
        code = int(module.run(parsed))
        sys.stdout.flush()
        return code
    except StepsError as error:
        print(f'error: {error}', file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the results, such as `head`, has seen enough; exit must not write to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _named(arguments: list[str]) -> str | None:
    """Return the subcommand on the command line; only its module is imported."""
    return next((argument for argument in arguments if argument in COMMANDS), None)


def _parser(named: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='steps-ros',
        description='Night enhancement and depth. Depth is relative unless a scale is given.',
    )
    parser.add_argument('--version', action='version', version=f'steps-ros {__version__}')
    parser.add_argument(
        '--log-level',
        choices=('debug', 'info', 'warning', 'error'),
        default='info',
        help='how much to log to stderr (default: %(default)s)',
    )
    subparsers = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=command.summary, description=command.summary.capitalize() + '.'
        )
        if name == named:
            module = importlib.import_module(f'steps_ros.cli.{command.module}')
            module.add_arguments(subparser)
    return parser


if __name__ == '__main__':
    sys.exit(main())
