"""
``steps-ros train``: fine-tune both networks on recorded drives, without labels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from steps_ros.cli.interrupt import held_interrupt
from steps_ros.cli.run import network_size
from steps_ros.shipped_weights import METAVAR, weights_file

PRESETS = ('monodepth2', 'rnw', 'steps', 'supervised')
PRECISIONS = ('float32', 'bfloat16')
# Of a new training. The parser knows none of them, so that it is known what was given.
DEFAULTS = {
    'bag': (),
    'day': (),
    'init': 'default',
    'out': None,
    'preset': 'steps',
    'teacher': None,
    'teacher_steps': 1500,
    'validate': None,
    'validate_every': None,
    'reference_topic': None,
    'size': None,
    'batch': 2,
    'pose_warmup': 200,
    'learning_rate': 1e-4,
    'seed': 0,
    'precision': 'float32',
    'channels_last': True,
    'compile': False,
    'intrinsics': None,
    'image_topic': None,
    'depth_topic': None,
    'odom_topic': None,
    'bonnet': 0.0,
    'overwrite': False,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``train``."""
    add = parser.add_argument
    add('--bag', nargs='+', metavar='NIGHT', help='night drives, PATH[@START-END[%%]]')
    add('--day', nargs='+', metavar='DAY', help='day drives, for the teacher')
    add('--init', metavar=METAVAR, help='weights to start from (default)')
    add('--out', type=Path, metavar='DIR', help='folder of checkpoints, logs and results')
    add('--resume', type=Path, metavar='DIR', help='go on with the training in this folder')
    add('--preset', choices=PRESETS, help='the objective (steps)')
    add(
        '--teacher',
        type=weights_file,
        metavar=METAVAR,
        help='day network; else one is trained on --day',
    )
    add('--teacher-steps', type=int, metavar='N', help='steps on --day (1500)')
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
    add('--batch', type=int, metavar='N', help='triplets a step (2)')
    add('--max-steps', type=int, metavar='N', help='steps in all, resumed ones among them (2000)')
    add('--pose-warmup', type=int, metavar='N', help='first steps, pose alone (200)')
    add('--learning-rate', type=float, metavar='R', help='1e-4')
    add('--seed', type=int, metavar='N', help='of everything that is drawn (0)')
    add('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    add('--precision', choices=PRECISIONS, help='of the networks (float32)')
    add(
        '--no-channels-last',
        dest='channels_last',
        action='store_false',
        default=None,
        help='rows innermost',
    )
    add(
        '--compile',
        action='store_true',
        default=None,
        help='compile depth and pose network; needs a compiler',
    )
    add('--intrinsics', type=Path, metavar='YAML', help='camera file instead of camera_info')
    add('--image-topic', metavar='TOPIC', help='which images of the drives')
    add('--depth-topic', metavar='TOPIC', help='depth or LiDAR of the drives, for supervised')
    add(
        '--odom-topic',
        metavar='TOPIC',
        help='odometry that tells how far the drives went; none: leave it aside (the only one)',
    )
    add('--bonnet', type=float, metavar='SHARE', help='of rows cut off below (0)')
    add(
        '--overwrite',
        action='store_true',
        default=None,
        help='begin afresh in a folder that is in use',
    )
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """
    Train.

    :returns: 0 when done, 3 when the result is worse than the start, 130 after Ctrl-C.
    :raises StepsError: bad drives, weights, options or places.
    """
    given = [name for name in DEFAULTS if getattr(arguments, name) is not None]
    if arguments.resume is None and not {'bag', 'out'} <= set(given):
        arguments.usage_error('give --bag and --out, or --resume DIR')
    if arguments.resume is not None and given:
        name = 'no_channels_last' if given[0] == 'channels_last' else given[0]
        arguments.usage_error(
            f'--{name.replace("_", "-")} has no effect with --resume, which goes on as it was '
            'begun; give --max-steps and --device alone with it'
        )
    vars(arguments).update({name: DEFAULTS[name] for name in DEFAULTS.keys() - set(given)})
    with held_interrupt():
        # torch takes seconds to import; usage and help need not wait for it.
        from steps_ros.cli.training import train_all
    return train_all(arguments)
