"""
The way into every process of the package: ``python -m steps_ros.ros.entry night_depth ...``.

Loading rclpy and the message packages takes a second. A Ctrl-C in that time should end the
process as quietly as one later on, so this module imports nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence
import importlib
import os
import signal
import sys
from types import FrameType

from steps_ros.errors import SettingsError
from steps_ros.limits import limits
from steps_ros.starter import end_with, STARTER

PROCESSES = (
    'night_depth',
    'trainer',
    'publisher',
    'recorder',
    'bare_node',
    'round_trip',
    'surroundings',
    'soak_camera',
    'soak_listener',
)


def main(args: Sequence[str] | None = None) -> int:
    """Run the process named by the first argument with those that follow."""
    given = sys.argv[1:] if args is None else list(args)
    if not given or given[0] not in PROCESSES:
        sys.stderr.write(f'give one of {", ".join(PROCESSES)}\n')
        return 2
    return _run(given[0], [f'{sys.argv[0]} {given[0]}', *given[1:]])


def night_depth() -> int:
    """Run the node; the console script and executable ``night_depth``."""
    return _run('night_depth', sys.argv)


def trainer() -> int:
    """Train as the parameters say; the console script and executable ``trainer``."""
    return _run('trainer', sys.argv)


def _run(process: str, args: Sequence[str]) -> int:
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _leave)
    if STARTER in os.environ:
        end_with(int(os.environ[STARTER]))
    try:
        limits()
    except SettingsError as error:
        sys.stderr.write(f'{process}: {error}\n')
        return 1
    module = importlib.import_module(f'steps_ros.ros.{process}')
    return int(module.main(args))


def _leave(number: int, frame: FrameType | None) -> None:
    """End now: nothing is open yet that would have to be closed."""
    os._exit(0)


if __name__ == '__main__':
    sys.exit(main())
