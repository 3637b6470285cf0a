"""
Does the node's memory stay flat? Frame after frame through all that the node has for a camera.

``python -m steps_ros.bench.node_memory --frames 5000`` prints the resident memory after every
twentieth of them, and by how much it grew from the first quarter to the last.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median
import sys

from tqdm import tqdm

from steps_ros.bench.arguments import count
from steps_ros.bench.node_steps import picture_size
from steps_ros.bench.own_node import own_node
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.errors import StepsError
from steps_ros.ros.memory import resident_mb

SAMPLES = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the frames and print."""
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.node_memory')
    add = parser.add_argument
    add('--size', type=picture_size, default=(640, 480), metavar='WxH', help='default: 640x480')
    add('--network-size', default='', metavar='HxW', help="default: the checkpoint's")
    add('--frames', type=count, default=5000, metavar='N', help='default: 5000')
    add('--json', type=Path, metavar='FILE', help='write the numbers there')
    options = parser.parse_args(arguments)
    given = (f'network_size:={options.network_size}',) if options.network_size else ()
    try:
        samples = measure(options.size, options.frames, ('device:=cpu', *given))
    except StepsError as error:
        print(f'node_memory: {error}', file=sys.stderr)  # noqa: T201
        return 1
    print('MB:', ' '.join(f'{value:.1f}' for value in samples))  # noqa: T201
    growth = growth_percent(samples)
    print(f'growth: {growth:.2f} %')  # noqa: T201
    if options.json is not None:
        write_file(options.json, json_bytes({'rss_mb': samples, 'growth_percent': growth}))
    return 0


def measure(size: tuple[int, int], frames: int, parameters: Sequence[str]) -> list[float]:
    """Return the resident memory in MB at every twentieth of the frames of (width, height)."""
    samples = []
    every = max(1, frames // SAMPLES)
    with own_node(*size, 'raw', parameters) as (take, _):
        for number in tqdm(range(1, frames + 1), 'frames'):
            take()
            if number % every == 0:
                samples.append(resident_mb())
    return samples


def growth_percent(samples: Sequence[float]) -> float:
    """Return by how much the median of the last quarter is above that of the first one."""
    quarter = max(1, len(samples) // 4)
    first, last = median(samples[:quarter]), median(samples[-quarter:])
    return 100 * (last / first - 1)


if __name__ == '__main__':
    sys.exit(main())
