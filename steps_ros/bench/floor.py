"""
How fast could a GPU run the depth network at best? From operations and bytes, without one.

``python -m steps_ros.bench.floor --tflops 989 --gbytes 4800`` counts products and sums of the
network in float16 and what its convolutions and matrix products read and write, each once, and
prints the longer of both times. No GPU is used, and none gets there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
import sys
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from steps_ros.bench.arguments import size
from steps_ros.core.checkpoint import load_checkpoint
from steps_ros.core.depth_net import DepthNet, RESNET18
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

SIZES = ((320, 576), (384, 768))
HALF_BYTES = 2
COUNTED = ('convolution', 'mm', 'addmm')
META = torch.device('meta')


class Floor(NamedTuple):
    """Products and sums, and bytes that are read and written."""

    operations: float
    bytes: float

    def milliseconds(self, tflops: float, gbytes: float) -> float:
        """Return the longer time of both, at rates in 1e12 and 1e9 a second."""
        return max(1e-9 * self.operations / tflops, 1e-6 * self.bytes / gbytes)


class _Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the numbers that convolutions and matrix products read and write."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numbers = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if str(func.overloadpacket).removeprefix('aten.') in COUNTED:
            held = [*args, result]
            self.numbers += sum(item.numel() for item in held if isinstance(item, Tensor))
        return result


def counted(work: Callable[[], object]) -> Floor:
    """Count what a call does, with every number in float16."""
    with FlopCounterMode(display=False) as flops, _Traffic() as traffic, torch.no_grad():
        work()
    return Floor(flops.get_total_flops(), HALF_BYTES * traffic.numbers)


def floor_of(network: DepthNet, height: int, width: int) -> Floor:
    """Count the finest disparity of one picture; the network goes to the device ``meta``."""
    network.to(META).eval()
    picture = torch.empty(1, 3, height, width, device=META)
    rays = torch.empty(1, 2, height, width, device=META) if network.config.sees_rays else None
    return counted(lambda: network.disparity(picture, rays))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each network and size."""
    parser = argparse.ArgumentParser(prog='python -m steps_ros.bench.floor')
    add = parser.add_argument
    add('--size', type=size, action='append', metavar='HxW', help='default: 320x576 and 384x768')
    add('--tflops', type=float, required=True, metavar='N', help='float16, 1e12 a second')
    add('--gbytes', type=float, required=True, metavar='N', help='of memory, 1e9 a second')
    options = parser.parse_args(arguments)
    default = load_checkpoint(DEFAULT_WEIGHTS).depth_net
    assert default is not None
    for name, network in (('default', default), ('ResNet-18', DepthNet(RESNET18))):
        for height, width in options.size or SIZES:
            floor = floor_of(network, height, width)
            least = floor.milliseconds(options.tflops, options.gbytes)
            print(  # noqa: T201
                f'{name} at {height}x{width}: {1e-9 * floor.operations:.1f} GFLOP, '
                f'{1e-6 * floor.bytes:.0f} MB, at least {least:.3f} ms'
            )
    return 0


if __name__ == '__main__':
    sys.exit(main())
