"""
``steps-ros train``: fine-tune both networks on recorded drives, without labels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from steps_ros.cli.interrupt import held_interrupt
from steps_ros.cli.run import network_size

PRESETS = ('monodepth2', 'rnw', 'steps', 'supervised')
PRECISIONS = ('float32', 'bfloat16')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``train``."""
    add = parser.add_argument
    add('--bag', nargs='+', default=[], metavar='NIGHT', help='night drives, PATH[@START-END[%%]]')
    add('--day', nargs='+', default=[], metavar='DAY', help='day drives, for the teacher')
    add('--init', default='default', metavar='default|FILE', help='weights to start from')
    add('--out', type=Path, metavar='DIR', help='folder of checkpoints, logs and results')
    add('--resume', type=Path, metavar='DIR', help='go on with the training in this folder')
    add('--preset', choices=PRESETS, default='steps', help='the objective (%(default)s)')
    add('--teacher', type=Path, metavar='CKPT', help='day network; else one is trained on --day')
    add('--teacher-steps', type=int, default=1500, metavar='N', help='steps of that (1500)')
    add(
        '--validate',
        type=Path,
        metavar='DRIVE',
        help='PATH[@START-END[%%]]: the best state there is final; worse than --init: rejected',
    )
    add(
        '--validate-every',
        type=int,
        metavar='N',
        help='steps between validations; 0: at the end alone (a tenth of --max-steps)',
    )
    add('--reference-topic', metavar='TOPIC', help='LiDAR or depth of the validation drive')
    add(
        '--size',
        type=network_size,
        metavar='HxW',
        help="192x320; for weights that see rays about as many pixels in the pictures' shape",
    )
    add('--batch', type=int, default=2, metavar='N', help='triplets a step (2)')
    add('--max-steps', type=int, metavar='N', help='steps in all, resumed ones among them (2000)')
    add('--pose-warmup', type=int, default=200, metavar='N', help='first steps, pose alone (200)')
    add('--learning-rate', type=float, default=1e-4, metavar='R', help='1e-4')
    add('--seed', type=int, default=0)
    add('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    add('--precision', choices=PRECISIONS, default=PRECISIONS[0])
    add('--no-channels-last', dest='channels_last', action='store_false', help='rows innermost')
    add('--compile', action='store_true', help='compile depth and pose network; needs a compiler')
    add('--intrinsics', type=Path, metavar='YAML', help='camera file instead of camera_info')
    add('--image-topic', metavar='TOPIC', help='which images of the drives')
    add('--depth-topic', metavar='TOPIC', help='depth or LiDAR of the drives, for supervised')
    add('--bonnet', type=float, default=0.0, metavar='SHARE', help='of rows cut off below')
    add('--overwrite', action='store_true', help='begin afresh in a folder that is in use')
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """
    Train.

    :returns: 0 when done, 3 when the result is worse than the start, 130 after Ctrl-C.
    :raises StepsError: bad drives, weights, options or places.
    """
    if arguments.resume is None and (arguments.out is None or not arguments.bag):
        arguments.usage_error('give --bag and --out, or --resume DIR')
    if arguments.resume is not None and (arguments.out is not None or arguments.bag):
        arguments.usage_error('--resume goes on as it was begun; give --max-steps alone with it')
    with held_interrupt():
        # torch takes seconds to import; usage and help need not wait for it.
        from steps_ros.cli.training import train_all
    return train_all(arguments)
