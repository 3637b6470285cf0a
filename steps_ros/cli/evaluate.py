"""
``steps-ros evaluate``: depth against LiDAR or true depth, with a report.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from steps_ros.cli.interrupt import held_interrupt
from steps_ros.cli.run import LIGHTS, metric_scale, network_size, NIGHT, PRECISIONS
from steps_ros.inference.engines.names import ENGINE_NAMES, TORCH
from steps_ros.shipped_weights import METAVAR, weights_file

ALIGNMENTS = ('none', 'median', 'scale_shift')
PROTOCOLS = ('nuscenes-night', 'robotcar-night', 'robotcar-night-40', 'kitti')
LAYOUTS = (
    'simulated',
    'kitti-object-lidar',
    'kitti-depth',
    'nuscenes-lidar',
    'nuscenes-night',
    'robotcar-night',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``evaluate``."""
    parser.add_argument(
        'input', type=Path, nargs='*', metavar='BAG|DIR', help='recorded drives with a reference'
    )
    parser.add_argument('--out', type=Path, metavar='DIR', help='folder of the report')
    parser.add_argument(
        '--compare',
        type=Path,
        nargs=2,
        metavar=('A.json', 'B.json'),
        help='two reports instead of drives: what B changed, frame by frame',
    )
    _add_inputs(parser.add_argument_group('what is taken from a drive'))
    _add_prediction(parser.add_argument_group('where depth comes from'))
    _add_comparison(parser.add_argument_group('how it is compared'))
    parser.add_argument('--json', action='store_true', help='print the numbers as one line')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier report')
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """
    Evaluate drives, or compare two reports.

    :returns: 0 when done, 130 after Ctrl-C with a report of what was done.
    :raises StepsError: bad input, option or place, or not one frame to compare.
    """
    if arguments.compare is None and not arguments.input:
        arguments.usage_error('give a bag or a folder, or --compare A.json B.json')
    if arguments.compare is not None and arguments.input:
        arguments.usage_error('--compare takes two reports and no drives')
    if arguments.compare is None and arguments.out is None:
        arguments.usage_error('--out DIR is needed: where the report goes')
    if arguments.live and len(arguments.input) > 1:
        arguments.usage_error('--live plays one bag at a time')
    _refuse_options_of_a_network(arguments)
    with held_interrupt():
        # torch takes seconds to import; usage and help need not wait for it.
        from steps_ros.cli.evaluation import compare_reports, evaluate_all
    if arguments.compare is not None:
        return compare_reports(arguments)
    return evaluate_all(arguments)


def _refuse_options_of_a_network(arguments: argparse.Namespace) -> None:
    """Refuse what would do nothing, since depth was recorded."""
    source = '--recorded' if arguments.recorded else '--depth-topic'
    if not (arguments.recorded or arguments.depth_topic):
        return
    options = ('checkpoint', 'size', 'engine', 'metric_scale', 'light')
    given = [f'--{name.replace("_", "-")}' for name in options if getattr(arguments, name)]
    if given:
        remedy = f'leave {source} or {given[0]} out'
        arguments.usage_error(f'{given[0]} changes nothing in the depth of {source}; {remedy}')


def _add_inputs(group: argparse._ArgumentGroup) -> None:
    group.add_argument('--image-topic', metavar='TOPIC', help='default: the only one')
    group.add_argument('--camera-info-topic', metavar='TOPIC', help='default: beside the images')
    group.add_argument(
        '--reference-topic', metavar='TOPIC', help='LiDAR points or true depth; default: the only'
    )
    add_odometry = 'to move LiDAR to the image in time; none: leave it aside'
    group.add_argument('--odom-topic', metavar='TOPIC', help=add_odometry)
    group.add_argument(
        '--tolerance-ms',
        type=float,
        metavar='MS',
        help='farthest reference in time (default: 50 for LiDAR, 20 for depth images)',
    )
    group.add_argument('--mask', type=Path, metavar='PNG', help='black pixels do not count')
    group.add_argument(
        '--bonnet', type=float, default=0.0, metavar='SHARE', help='of rows at the bottom left out'
    )
    group.add_argument(
        '--keep-hidden',
        action='store_true',
        help='count LiDAR points seen through near surfaces too',
    )
    group.add_argument(
        '--layout', choices=LAYOUTS, help='of a folder (default: what it looks like)'
    )


def _add_prediction(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--checkpoint',
        type=weights_file,
        metavar=METAVAR,
        help='.safetensors, or the .yaml of an ONNX model (default: the weights of the package)',
    )
    group.add_argument('--size', type=network_size, metavar='HxW', help='network size')
    group.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    group.add_argument('--precision', choices=PRECISIONS, default=PRECISIONS[0])
    group.add_argument(
        '--engine',
        choices=ENGINE_NAMES,
        help=f"of a .safetensors (default: {TORCH}; with --live the node's own)",
    )
    group.add_argument(
        '--light',
        choices=LIGHTS,
        help='night enhances in full, dusk half, day not at all; auto goes by the light of each '
        f"picture (default: {NIGHT}; with --live the node's own)",
    )
    group.add_argument(
        '--metric-scale', type=metric_scale, metavar='F', help='metres of one relative unit'
    )
    source = group.add_mutually_exclusive_group()
    source.add_argument(
        '--depth-topic', metavar='TOPIC', help='depth recorded in the bag instead of a network'
    )
    source.add_argument(
        '--recorded', type=Path, metavar='MCAP', help="a recording of the node's output instead"
    )
    source.add_argument(
        '--live', action='store_true', help='play the bag through the ROS node, with latency'
    )
    group.add_argument(
        '--rate-factor', type=float, default=1.0, metavar='F', help='times real time, with --live'
    )


def _add_comparison(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--alignment',
        choices=ALIGNMENTS,
        default='median',
        help='of verdicts and rankings; all three are in every table (default: %(default)s)',
    )
    group.add_argument('--cap', type=float, metavar='M', help='farthest reference (default: 80 m)')
    group.add_argument(
        '--crop', metavar='CROP', help='none, garg, eigen, or TOP,BOTTOM,LEFT,RIGHT as shares'
    )
    group.add_argument('--protocol', choices=PROTOCOLS, help='of published numbers')
