"""
How fast is a picture predicted? The predictor against the released forward pass done literally.

``python -m steps_ros.bench.predictor_speed`` lets them take turns on one picture, for the released
network and for the default weights: the literal forward pass (tensors in and out), and, for every
variant, the bare network (its finest disparity alone) and the predictor (8-bit picture to enhanced
picture, depth and confidence). Where the weights are the same, the depths are compared, too.
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
from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import Checkpoint, load_checkpoint
from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.core.geometry import disparity_to_depth
from steps_ros.core.illumination import IlluminationNet
from steps_ros.data.outputs import json_bytes, write_file
from steps_ros.errors import StepsError
from steps_ros.inference.engines.job import Job
from steps_ros.inference.engines.table import ENGINES
from steps_ros.inference.predictor import Predictor
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

CPU = torch.device('cpu')
WARM_UP = 2
REFERENCE, NETWORK, PREDICTOR = 'reference', 'network', 'predictor'
# Median and 99th percentile of the relative difference up to which depth counts as the same.
TOLERANCE = 0.005, 0.03


class Subject(NamedTuple):
    """Something that is timed."""

    name: str
    run: Callable[[], object]

    def seconds(self) -> float:
        """Do it once; return the seconds that it took."""
        started = time.perf_counter()
        self.run()
        return time.perf_counter() - started


class Compared(NamedTuple):
    """A network, and literal ones beside it, whose depth is compared where they are the same."""

    name: str
    checkpoint: Checkpoint
    literal: LiteralNetworks


class Variant(NamedTuple):
    """What computes the depth network of the predictor, and in which number type."""

    engine: str
    precision: str

    @property
    def name(self) -> str:
        """Return both."""
        return f'{self.engine} {self.precision}'


VARIANTS = (
    Variant('torch', 'float32'),
    Variant('torch', 'bfloat16'),
    Variant('onnxruntime', 'float32'),
    Variant('openvino', 'float32'),
    Variant('openvino', 'bfloat16'),
)


class Difference(NamedTuple):
    """Relative differences between depths: the median, the 99th percentile and the largest."""

    median: float
    p99: float
    most: float

    @property
    def is_tolerable(self) -> bool:
        """Say whether one may stand for the other."""
        return self.median <= TOLERANCE[0] and self.p99 <= TOLERANCE[1]


@dataclass(frozen=True)
class PredictorSpeed:
    """
    Seconds of each subject, round by round, for one network at (height, width) and one variant.

    ``difference`` is that of the predictor's depth from the literal one's; None where their
    weights differ. ``substitute`` computed it where the variant was refused.
    """

    machine: Machine
    network: str
    variant: Variant
    size: tuple[int, int]
    gemm_gflops: tuple[float, ...]
    seconds: dict[str, tuple[float, ...]]
    difference: Difference | None
    substitute: Variant | None = None

    @property
    def name(self) -> str:
        """Return the variant, and what is used in its place where it is refused."""
        if self.substitute is None:
            return self.variant.name
        return f'{self.variant.name} (refused, {self.substitute.name} instead)'

    def times(self, slow: str, fast: str) -> float:
        """Return how many times as fast one is as another: the median of the rounds' ratios."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        return median(one / other for one, other in pairs)

    def milliseconds(self, name: str) -> float:
        """Return the median over the rounds."""
        return 1e3 * median(self.seconds[name])

    def plain(self) -> dict[str, Any]:
        """Return names and numbers alone, for JSON."""
        return {
            'machine': self.machine._asdict(),
            'network': self.network,
            'engine': self.variant.engine,
            'precision': self.variant.precision,
            'substitute': None if self.substitute is None else self.substitute.name,
            'size': list(self.size),
            'ceiling_gflops': median(self.gemm_gflops),
            **{f'{name}_ms': self.milliseconds(name) for name in self.seconds},
            'predictor_vs_reference': self.times(REFERENCE, PREDICTOR),
            'predictor_vs_network': self.times(PREDICTOR, NETWORK),
            'depth_difference': None if self.difference is None else self.difference._asdict(),
        }

    def text(self) -> str:
        """Return a line for people."""
        plain, (height, width) = self.plain(), self.size
        times = ', '.join(f'{name} {plain[f"{name}_ms"]:.1f} ms' for name in self.seconds)
        return (
            f'{self.network} at {height}x{width}, {self.name}: {times}; predictor '
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
            row
            for network in compared_networks()
            for row in measure(network, options.size, options.rounds, VARIANTS)
        ]
    except StepsError as error:
        print(f'predictor_speed: {error}', file=sys.stderr)  # noqa: T201
        return 1
    print('\n'.join(row.text() for row in rows))  # noqa: T201
    if options.json is not None:
        write_file(options.json, json_bytes([row.plain() for row in rows]))
    return 0


def measure(
    network: Compared, size: tuple[int, int], rounds: int, variants: Sequence[Variant]
) -> list[PredictorSpeed]:
    """
    Time the reference, and bare network and predictor of each variant, by turns.

    :param size: (height, width) of the random picture, which the networks see as it is.
    :returns: one for each variant that this machine can compute; the reference's seconds are the
        same in all.
    """
    machine = this_machine(CPU)
    name, checkpoint, literal = network
    variants = [variant for variant in variants if _is_usable(variant, checkpoint, size)]
    picture = random_picture(size)
    colour, grey = _tensors(picture)
    predictors = [
        Predictor(checkpoint, size, 'cpu', variant.precision, engine=variant.engine)
        for variant in variants
    ]
    subjects = [Subject(REFERENCE, lambda: forward_pass(literal, colour, grey))]
    for predictor in predictors:
        subjects += _subjects(predictor, picture, colour)
    for subject in WARM_UP * subjects:
        subject.run()
    taken = take_rounds([subject.seconds for subject in subjects], rounds, CPU)
    reference, own = taken.seconds[0], taken.seconds[1:]
    exact = None
    if checkpoint.depth_net is not None and checkpoint.depth_net.config == RESNET18:
        disparity = forward_pass(literal, colour, grey).disparities[0]
        exact = disparity_to_depth(disparity)[0, 0].numpy()
    return [
        PredictorSpeed(
            machine,
            name,
            variant,
            size,
            taken.gemm_gflops,
            {REFERENCE: reference, NETWORK: bare, PREDICTOR: whole},
            None if exact is None else _difference(predictor.predict(picture).depth, exact),
            _substitute(predictor, variant),
        )
        for variant, predictor, bare, whole in zip(
            variants, predictors, own[::2], own[1::2], strict=True
        )
    ]


def _substitute(predictor: Predictor, variant: Variant) -> Variant | None:
    used = Variant(predictor.engine, predictor.precision)
    return None if used == variant else used


def _is_usable(variant: Variant, checkpoint: Checkpoint, size: tuple[int, int]) -> bool:
    assert checkpoint.depth_net is not None
    threads = torch.get_num_threads()
    job = Job(checkpoint.depth_net, size, CPU, variant.precision, threads)
    return not ENGINES[variant.engine].missing(job)


def _subjects(
    predictor: Predictor, picture: NDArray[np.uint8], colour: Tensor
) -> tuple[Subject, Subject]:
    """Return the bare network, on a tensor that is ready, and the whole predictor."""
    model, camera = predictor.depth_model, Camera.assumed(picture.shape[1], picture.shape[0])
    assert model is not None
    bare = torch.inference_mode()(lambda: model.output(colour, [camera]))
    return Subject(NETWORK, bare), Subject(PREDICTOR, lambda: predictor.predict(picture))


def compared_networks() -> list[Compared]:
    """Return the released network and the default one, each beside the literal networks."""
    torch.manual_seed(0)
    literal = LiteralNetworks().eval()
    released, light = DepthNet(RESNET18).eval(), IlluminationNet().eval()
    released.load_state_dict(literal.depth.state_dict())
    light.load_state_dict(literal.enhancer.illumination.state_dict())
    default = load_checkpoint(DEFAULT_WEIGHTS)
    return [
        Compared('ResNet-18', Checkpoint(depth_net=released, enhancer=light), literal),
        Compared('default', default, literal),
    ]


def random_picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a smooth one of (height, width), the same at every call."""
    coarse = np.random.default_rng(0).integers(0, 120, (12, 20, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _tensors(picture: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """Return what the literal pass takes, ready made."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    colour = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    return colour.contiguous(), torch.from_numpy(grey)[None, None].float() / 255


def _difference(found: NDArray[np.float32] | None, exact: NDArray[np.float32]) -> Difference:
    assert found is not None
    relative = np.abs(found / exact - 1)
    return Difference(*np.quantile(relative, (0.5, 0.99, 1.0)).tolist())


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
