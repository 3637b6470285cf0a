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
from steps_ros.cli.log_lines import LogLines
from steps_ros.errors import nearest, StepsError
from steps_ros.limits import limits

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
    'doctor': Command('doctor', 'check the installation, with a remedy for what is amiss'),
    'bench': Command('bench', 'measure how fast everything is on this machine, and against what'),
    'soak': Command(
        'soak', 'thousands of good and bad frames through the node: what is lost or leaks'
    ),
    'simulate': Command('simulate', 'render night or day street drives with exact depth'),
    'import-weights': Command('import_weights', 'turn weights of other projects into checkpoints'),
    'export': Command('export', 'write the depth network as ONNX, or build engines ahead'),
    'default-weights': Command('default_weights', 'make the default weights again, from a seed'),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; return its exit code: 0, 1 bad input, 2 usage, 130 Ctrl-C or SIGTERM."""
    # Threads that spin while they wait starve machines with few cores.
    os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    arguments = sys.argv[1:] if argv is None else list(argv)
    with leaving_on_interrupt():
        parsed = _parsed(arguments)
        module = importlib.import_module(f'steps_ros.cli.{COMMANDS[parsed.command].module}')
    # Libraries speak up from warnings on; the package as loud as it was asked to.
    logging.basicConfig(
        format='%(levelname)s: %(message)s', level=logging.WARNING, handlers=[LogLines()]
    )
    logging.getLogger('steps_ros').setLevel(parsed.log_level.upper())
    try:
        limits()
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


def _parsed(arguments: list[str]) -> argparse.Namespace:
    """Parse; exit with 2 for what is unknown, with the known name that is nearest."""
    named = _named(arguments)
    parser, subparser = _parsers(named)
    if named is None:
        for tried in arguments:
            near = nearest(tried, COMMANDS)
            if near:
                parser.error(f'unknown command {tried!r}; did you mean {near!r}?')
    parsed, unknown = parser.parse_known_args(arguments)
    if unknown:
        subparser.error(_unknown_arguments(unknown, subparser))
    return parsed


def _unknown_arguments(unknown: list[str], parser: argparse.ArgumentParser) -> str:
    known = [option for action in parser._actions for option in action.option_strings]
    tried = (argument.partition('=')[0] for argument in unknown if argument.startswith('-'))
    near = [found for found in (nearest(option, known) for option in tried) if found]
    question = f'; did you mean {", ".join(near)}?' if near else ''
    return f'unrecognized arguments: {" ".join(unknown)}{question}'


def _parsers(named: str | None) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Return the parser, and that of the named subcommand, itself where none is named."""
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
    chosen = parser
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=command.summary, description=command.summary.capitalize() + '.'
        )
        if name == named:
            module = importlib.import_module(f'steps_ros.cli.{command.module}')
            module.add_arguments(subparser)
            chosen = subparser
    return parser, chosen


if __name__ == '__main__':
    sys.exit(main())
