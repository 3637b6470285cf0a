"""
How fast is a picture predicted? The predictor against the released forward pass done literally.

``python -m steps_ros.bench.predictor_speed`` lets three take turns on one picture, for the
released network and for the default weights: the literal forward pass (tensors in and out), the
bare network (its finest disparity alone), and the predictor (8-bit picture to enhanced picture,
depth and confidence). Where the weights are the same, the depths are compared, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
import sys
import time
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from steps_ros.bench.arguments import count, size
from steps_ros.bench.literal_forward import forward_pass
from steps_ros.bench.literal_networks import LiteralNetworks
from steps_ros.bench.machine import Machine, this_machine
from steps_ros.bench.rounds import take_rounds
from steps_ros.core.checkpoint import Checkpoint, DEFAULT_WEIGHTS, load_checkpoint
from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.illumination import IlluminationNet
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.errors import StepsError
from steps_ros.inference.predictor import Predictor

CPU = torch.device('cpu')
WARM_UP = 2
REFERENCE, NETWORK, PREDICTOR = 'reference', 'network', 'predictor'


class Subject(NamedTuple):
    """Something that is timed."""

    name: str
    run: Callable[[], object]

    def seconds(self) -> float:
        """Do it once; return the seconds that it took."""
        started = time.perf_counter()
        self.run()
        return time.perf_counter() - started


@dataclass(frozen=True)
class PredictorSpeed:
    """
    Seconds of each subject, round by round, for one network at (height, width).

    ``depth_difference`` is the largest relative difference between the predictor's depth and the
    literal one's; None where their weights differ.
    """

    machine: Machine
    network: str
    size: tuple[int, int]
    gemm_gflops: tuple[float, ...]
    seconds: dict[str, tuple[float, ...]]
    depth_difference: float | None

    def times(self, slow: str, fast: str) -> float:
        """Return how many times as fast one is as another: the median of the rounds' ratios."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        return median(one / other for one, other in pairs)

    def plain(self) -> dict[str, Any]:
        """Return names and numbers alone, for JSON."""
        return {
            'machine': self.machine._asdict(),
            'network': self.network,
            'size': list(self.size),
            'ceiling_gflops': median(self.gemm_gflops),
            **{f'{name}_ms': 1e3 * median(taken) for name, taken in self.seconds.items()},
            'predictor_vs_reference': self.times(REFERENCE, PREDICTOR),
            'predictor_vs_network': self.times(PREDICTOR, NETWORK),
            'depth_difference': self.depth_difference,
        }

    def text(self) -> str:
        """Return a line for people."""
        plain, (height, width) = self.plain(), self.size
        times = ', '.join(f'{name} {plain[f"{name}_ms"]:.1f} ms' for name in self.seconds)
        return (
            f'{self.network} at {height}x{width}: {times}; predictor '
            f'{plain["predictor_vs_reference"]:.2f} times as fast as the reference, '
            f'{plain["predictor_vs_network"]:.2f} times the bare network'
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the numbers where that was asked for."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    try:
        rows = [
            measure(name, checkpoint, literal, options.size, options.rounds)
            for name, checkpoint, literal in _networks()
        ]
    except StepsError as error:
        print(f'predictor_speed: {error}', file=sys.stderr)  # noqa: T201
        return 1
    print('\n'.join(row.text() for row in rows))  # noqa: T201
    if options.json is not None:
        write_file(options.json, json_bytes([row.plain() for row in rows]))
    return 0


def measure(
    name: str, checkpoint: Checkpoint, literal: LiteralNetworks, size: tuple[int, int], rounds: int
) -> PredictorSpeed:
    """
    Time the three on a random picture of this size, (height, width), which the networks see.

    :param literal: its depth is compared where it has the weights of the checkpoint.
    """
    machine = this_machine(CPU)
    predictor, picture = Predictor(checkpoint, size, 'cpu', 'float32'), _picture(size)
    colour, grey = _tensors(picture)
    assert checkpoint.depth_net is not None
    bare = checkpoint.depth_net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    seen = colour.contiguous(memory_format=torch.channels_last)
    subjects = (
        Subject(REFERENCE, lambda: forward_pass(literal, colour, grey)),
        Subject(NETWORK, torch.inference_mode()(lambda: bare.disparity(seen))),
        Subject(PREDICTOR, lambda: predictor.predict(picture)),
    )
    for subject in WARM_UP * subjects:
        subject.run()
    taken = take_rounds([subject.seconds for subject in subjects], rounds, CPU)
    seconds = dict(zip((subject.name for subject in subjects), taken.seconds, strict=True))
    difference = None
    if bare.config == RESNET18:
        exact = disparity_to_depth(forward_pass(literal, colour, grey).disparities[0])[0, 0]
        difference = _difference(predictor.predict(picture).depth, exact.numpy())
    return PredictorSpeed(machine, name, size, taken.gemm_gflops, seconds, difference)


def _networks() -> list[tuple[str, Checkpoint, LiteralNetworks]]:
    """Return the released network and the default one, each beside the literal networks."""
    torch.manual_seed(0)
    literal = LiteralNetworks().eval()
    released, light = DepthNet(RESNET18).eval(), IlluminationNet().eval()
    released.load_state_dict(literal.depth.state_dict())
    light.load_state_dict(literal.enhancer.illumination.state_dict())
    default = load_checkpoint(DEFAULT_WEIGHTS)
    return [
        ('ResNet-18', Checkpoint(depth_net=released, enhancer=light), literal),
        ('default', default, literal),
    ]


def _picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(0).integers(0, 120, (12, 20, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _tensors(picture: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """Return what the literal pass takes, ready made."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    colour = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    return colour.contiguous(), torch.from_numpy(grey)[None, None].float() / 255


def _difference(found: NDArray[np.float32] | None, exact: NDArray[np.float32]) -> float:
    assert found is not None
    return float(np.abs(found / exact - 1).max())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.predictor_speed')
    add = parser.add_argument
    add('--size', type=size, default=(320, 576), metavar='HxW', help='default: 320x576')
    add('--threads', type=count, default=2, metavar='N', help='default: 2')
    add('--rounds', type=count, default=15, metavar='N', help='default: 15')
    add('--json', type=Path, metavar='FILE', help='write the numbers there')
    return parser


if __name__ == '__main__':
    sys.exit(main())
