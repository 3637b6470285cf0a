"""
``steps-ros doctor``: is everything here that the package needs, and if not, what to do.
"""

from __future__ import annotations

import argparse
import json
import os

from steps_ros import __version__
from steps_ros.cli.interrupt import one_interrupt
from steps_ros.doctor.finding import FAIL, Finding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``doctor``."""
    parser.add_argument('--json', action='store_true', help='print all as one line')


def run(arguments: argparse.Namespace) -> int:
    """Check the installation; return 1 where something failed, else 0."""
    from steps_ros.doctor.examination import checks, examine

    found = []
    with one_interrupt():
        for finding in examine(checks(os.environ)):
            found.append(finding)
            if not arguments.json:
                print(line(finding), flush=True)
    failed = sum(finding.level == FAIL for finding in found)
    if arguments.json:
        listed = [finding._asdict() for finding in found]
        print(json.dumps({'steps_ros': __version__, 'failed': failed, 'checks': listed}))
    return int(failed > 0)


def line(finding: Finding) -> str:
    """Return a finding as one line for people."""
    remedy = f'; {finding.remedy}' if finding.remedy else ''
    return f'{finding.level:4}  {finding.check:20}  {finding.says}{remedy}'
