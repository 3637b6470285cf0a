"""
Two processes that find each other as those of ``torchrun`` do, forked from one with all modules.

As a program it does commands of ``steps-ros``, each a JSON list of words, so: their exit codes go
to stdout, a line for each, and what they say to stderr, each closed by ``END``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
import json
import os
import signal
import socket
import sys

COUNT, LIMIT_S = 2, 100
END = '-- end of the command --\n'


def in_two_processes(work: Callable[[], int]) -> list[int]:
    """Do the same in two processes; return their exit codes, in the order of ranks."""
    # Optimisers import it when they are first made; so the processes share it.
    import_module('torch._dynamo')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    places = {'WORLD_SIZE': str(COUNT), 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': str(port)}
    children = []
    for rank in range(COUNT):
        child = os.fork()
        if not child:
            # One waits a day for the other.
            signal.alarm(LIMIT_S)
            os.environ.update(places, RANK=str(rank), LOCAL_RANK=str(rank))
            sys.exit(work())
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def main() -> None:
    import_module('steps_ros.cli.training')
    steps_ros = import_module('steps_ros.cli.main').main
    for words in map(json.loads, sys.argv[1:]):
        codes = in_two_processes(partial(steps_ros, words))
        sys.stderr.write(END)
        sys.stdout.write(f'{json.dumps(codes)}\n')
        sys.stdout.flush()


if __name__ == '__main__':
    main()
