"""
``steps-ros run``: enhance and predict depth for an image, a folder, a video or a bag.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from steps_ros.cli.interrupt import held_interrupt
from steps_ros.inference.engines.names import ENGINE_NAMES, TORCH
from steps_ros.shipped_weights import METAVAR, weights_file

# As :mod:`steps_ros.inference.light_state` has them, which takes long to import.
LIGHTS = ('auto', 'day', 'dusk', 'night')
NIGHT = LIGHTS[-1]
PRECISIONS = ('auto', 'float32', 'float16', 'bfloat16')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``run``."""
    parser.add_argument('input', type=Path, help='image, folder of images, video or bag')
    parser.add_argument('--out', type=Path, required=True, help='folder of the results')
    parser.add_argument(
        '--checkpoint',
        type=weights_file,
        metavar=METAVAR,
        help='.safetensors, or the .yaml of an ONNX model (default: the weights of the package)',
    )
    parser.add_argument(
        '--size',
        type=network_size,
        metavar='HxW',
        help="network size, multiples of 32 (default: the checkpoint's, else the input's own)",
    )
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument(
        '--precision', choices=PRECISIONS, default=PRECISIONS[0], help='of the depth network'
    )
    parser.add_argument(
        '--engine',
        choices=ENGINE_NAMES,
        default=TORCH,
        help='what computes the depth network of a .safetensors (default: %(default)s)',
    )
    parser.add_argument(
        '--light',
        choices=LIGHTS,
        default=NIGHT,
        help='night enhances in full, dusk half, day not at all; auto goes by the light of each '
        'picture, as the node does (default: %(default)s)',
    )
    parser.add_argument('--image-topic', metavar='TOPIC', help='which images of a bag')
    parser.add_argument(
        '--metric-scale',
        type=metric_scale,
        metavar='F',
        help='metres of one relative unit: depth is multiplied by it and depth_mm/ is written',
    )
    parser.add_argument('--raw', action='store_true', help='write what the networks computed')
    parser.add_argument('--json', action='store_true', help='print the report as one line')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier run')


def run(arguments: argparse.Namespace) -> int:
    """
    Predict for every frame of the input and write the results.

    :returns: 0 when done, 130 after Ctrl-C.
    :raises StepsError: bad input, checkpoint, option or place.
    """
    with held_interrupt():
        # torch takes seconds to import; usage and help need not wait for it.
        from steps_ros.cli.prediction import predict_all
    return predict_all(arguments)


def network_size(text: str) -> tuple[int, int]:
    """
    Read HxW.

    :raises argparse.ArgumentTypeError: it is not two positive integers.
    """
    height, _, width = text.lower().partition('x')
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f'{text!r} is no size; write HxW, such as 256x320')
    return int(height), int(width)


def metric_scale(text: str) -> float:
    """
    Read the metres of one relative unit.

    :raises argparse.ArgumentTypeError: it is not a finite number above 0.
    """
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale < float('inf'):
        raise argparse.ArgumentTypeError(f'{text!r} is no scale; give metres per unit, above 0')
    return scale
