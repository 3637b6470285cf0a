"""
``python -m fuzzing``: a campaign, one target one way, or one input again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
import logging
from pathlib import Path
import sys
from typing import Any

# Tries inputs of a target, with a folder for what comes of it, for some seconds.
Fuzz = Callable[[Any, Path, int], None]


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 1 where something broke."""
    parser = argparse.ArgumentParser(prog='python -m fuzzing')
    commands = parser.add_subparsers(dest='command', required=True)
    campaign = commands.add_parser('campaign', help='all targets in turn')
    campaign.add_argument('folder', type=Path, help='gets corpus, crashes and logs')
    campaign.add_argument('--minutes', type=float, default=10.0, help='in all')
    campaign.add_argument('--target', action='append', help='only this one; may be repeated')
    for way in ('examples', 'coverage'):
        one = commands.add_parser(way, help=f'targets by {way}')
        one.add_argument('folder', type=Path)
        one.add_argument('seconds', type=int, help='for each')
        one.add_argument('targets', nargs='+')
    repeat = commands.add_parser('repeat', help='one input again')
    repeat.add_argument('target')
    repeat.add_argument('file', type=Path)
    arguments = parser.parse_args(words)
    return COMMANDS[arguments.command](arguments)


def _campaign(arguments: argparse.Namespace) -> int:
    from fuzzing.campaign import run_campaign
    from fuzzing.targets import BY_NAME

    names = arguments.target or list(BY_NAME)
    return 0 if run_campaign(names, arguments.folder, arguments.minutes) else 1


def _examples(arguments: argparse.Namespace) -> int:
    from fuzzing import by_examples

    return _in_turn(arguments, by_examples.fuzz)


def _coverage(arguments: argparse.Namespace) -> int:
    # Imports the readers, which it makes tell where they go; so nothing may before it.
    from fuzzing import by_coverage

    return _in_turn(arguments, by_coverage.fuzz)


def _in_turn(arguments: argparse.Namespace, fuzz: Fuzz) -> int:
    from fuzzing.targets import BY_NAME
    from fuzzing.turns import take_turns

    way, folder, seconds = arguments.command, arguments.folder, arguments.seconds

    def one(name: str) -> None:
        fuzz(BY_NAME[name], folder, seconds)

    return 0 if take_turns(arguments.targets, way, folder, seconds, one) else 1


def _repeat(arguments: argparse.Namespace) -> int:
    from fuzzing.contract import attempt
    from fuzzing.targets import BY_NAME

    attempt(BY_NAME[arguments.target], arguments.file.read_bytes())
    print(f'{arguments.target}: in order')
    return 0


COMMANDS = {
    'campaign': _campaign,
    'examples': _examples,
    'coverage': _coverage,
    'repeat': _repeat,
}

if __name__ == '__main__':
    # What readers warn of is what they were given for it.
    logging.disable()
    sys.exit(main())
