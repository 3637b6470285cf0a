"""
Where does the node's own time go? Processor time of each step of a frame, on one thread.

``python -m steps_ros.bench.node_steps [WxH ...]`` takes frames from message to last publish, all
four outputs subscribed and as large as the input, and prints milliseconds by step. Processor time
of the one thread hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median
import sys
import time
from typing import NamedTuple

import cv2
import torch

from steps_ros.bench.arguments import count
from steps_ros.bench.own_node import own_node
from steps_ros.bench.stopwatch import Stopwatch, Watched
from steps_ros.errors import StepsError
from steps_ros.inference import predictor
from steps_ros.inference.predictor import Predictor
from steps_ros.ros import cameras, outputs, pipeline
from steps_ros.ros.light import LightWatch
from steps_ros.ros.outputs import OutputTopics
from steps_ros.ros.pipeline import Pipeline

NETWORKS = 'networks'
STEPS = (
    Watched(pipeline, '_decode', 'decode'),
    Watched(LightWatch, 'follow', 'state of the light'),
    Watched(Predictor, '_depth_outputs', NETWORKS),
    Watched(Predictor, '_illumination', NETWORKS),
    Watched(predictor, 'enhance', NETWORKS),
    Watched(predictor, 'resize_image', 'shrink the picture'),
    Watched(predictor, '_to_tensor', 'picture to tensor'),
    Watched(predictor, 'enhanced_picture', 'enhanced picture'),
    Watched(Predictor, '_depth', 'enlarge depth'),
    Watched(predictor, 'confidence', 'confidence'),
    Watched(predictor, 'resize_map', 'enlarge confidence'),
    Watched(outputs, 'mark_range', 'mark the range of depth'),
    Watched(outputs, 'organised_cloud', 'cloud'),
    Watched(OutputTopics, 'publish', 'fill and publish'),
    Watched(Pipeline, 'prepare', 'rest'),
    Watched(Pipeline, 'publish', 'rest'),
    Watched(cameras, 'process', 'rest'),
)
SIZES, WARM_UP = ((1600, 900), (640, 480)), 3


class Taken(NamedTuple):
    """Milliseconds of processor time of a frame: means by step, and the median of the whole."""

    steps: dict[str, float]
    whole: float

    @property
    def beyond_networks(self) -> float:
        """Return the whole without the networks."""
        return self.whole - self.steps[NETWORKS]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.node_steps')
    add = parser.add_argument
    add('sizes', nargs='*', type=picture_size, metavar='WxH', help='1600x900 and 640x480')
    add('--transport', choices=('raw', 'compressed'), default='raw', help='bgr8, or JPEG')
    add('--stride', type=count, default=4, metavar='N', help='of the cloud (default: 4)')
    add('--frames', type=count, default=40, metavar='N', help='default: 40')
    options = parser.parse_args(arguments)
    try:
        for size in options.sizes or SIZES:
            taken = measure(size, options.transport, options.stride, options.frames)
            print(text(size, taken))  # noqa: T201
    except StepsError as error:
        print(f'node_steps: {error}', file=sys.stderr)  # noqa: T201
        return 1
    return 0


def picture_size(written: str) -> tuple[int, int]:
    """Read WxH as (width, height)."""
    width, _, height = written.lower().partition('x')
    if not (height.isdecimal() and width.isdecimal()):
        raise argparse.ArgumentTypeError(f'{written!r} is no size; write WxH, such as 640x480')
    return int(width), int(height)


def measure(
    size: tuple[int, int],
    transport: str,
    stride: int,
    frames: int,
    parameters: tuple[str, ...] = (),
) -> Taken:
    """
    Take frames of (width, height) on one thread.

    :param parameters: further ones of the node, as ``name:=value``.
    """
    given = ('device:=cpu', f'cloud.stride:={stride}', *parameters)
    stopwatch, whole = Stopwatch(torch.device('cpu'), time.thread_time), []
    former = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    try:
        with own_node(*size, transport, given) as (take, _):
            for _ in range(WARM_UP):
                take()
            with stopwatch.watching(STEPS):
                for _ in range(frames):
                    begun_s = time.thread_time()
                    take()
                    whole.append(time.thread_time() - begun_s)
    finally:
        cv2.setNumThreads(former[0])
        torch.set_num_threads(former[1])
    steps = {name: 1e3 * seconds / frames for name, seconds in stopwatch.seconds.items()}
    return Taken(steps, 1e3 * median(whole))


def text(size: tuple[int, int], taken: Taken) -> str:
    """Return the steps, the longest first."""
    lines = [f'{size[0]}x{size[1]}: {taken.beyond_networks:.1f} ms beyond the networks']
    ordered = sorted(taken.steps.items(), key=lambda item: -item[1])
    return '\n'.join([*lines, *(f'  {name:<26} {ms:7.2f} ms' for name, ms in ordered)])


if __name__ == '__main__':
    sys.exit(main())
