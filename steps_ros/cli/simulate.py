"""
``steps-ros simulate``: render a night or day drive with exact depth to a folder or a recording.
"""

from __future__ import annotations

import argparse
from contextlib import closing
import json
from pathlib import Path

from steps_ros.cli.interrupt import one_interrupt

RECORDING_SUFFIX = '.mcap'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``simulate``."""
    parser.add_argument('--out', type=Path, required=True, help='folder, or FILE.mcap')
    parser.add_argument('--frames', type=_positive, default=100, help='pictures in all (100)')
    parser.add_argument('--seed', type=_natural, default=0, help='same seed, same bytes (0)')
    parser.add_argument('--time', choices=('night', 'day'), default='night')
    parser.add_argument('--size', type=_size, default=(192, 320), metavar='HxW', help='192x320')
    parser.add_argument('--scenes', type=_positive, default=1, help='streets to drive through (1)')
    parser.add_argument('--workers', type=_positive, default=1, help='processes (1)')
    parser.add_argument('--rate', type=float, default=10.0, metavar='HZ', help='frames/s (10)')
    parser.add_argument(
        '--lidar', type=int, choices=(0, 32, 64), default=32, help='rings of the LiDAR (32)'
    )
    parser.add_argument(
        '--lidar-noise', type=float, default=0.02, metavar='M', help='range noise in metres (0.02)'
    )
    parser.add_argument('--compressed', action='store_true', help='JPEG images in the recording')
    parser.add_argument('--json', action='store_true', help='say what was made in one JSON line')
    parser.add_argument('--overwrite', action='store_true', help='replace what is there')


def run(arguments: argparse.Namespace) -> int:
    """
    Draw all frames and write them.

    :returns: 0 when done; Ctrl-C leaves nothing half written.
    :raises StepsError: bad option or place.
    """
    with one_interrupt():
        from tqdm import tqdm

        from steps_ros.sim.dataset import write_folder
        from steps_ros.sim.drive import Drive, drive_frames
        from steps_ros.sim.lidar import LidarSettings
        from steps_ros.sim.recording import write_recording
        from steps_ros.sim.settings import ClipSettings

        height, width = arguments.size
        clip = ClipSettings(
            seed=arguments.seed,
            frames=arguments.frames,
            height=height,
            width=width,
            time=arguments.time,
            rate_hz=arguments.rate,
        )
        lidar = None
        if arguments.lidar:
            lidar = LidarSettings(rings=arguments.lidar, noise_m=arguments.lidar_noise)
        frames = drive_frames(Drive(clip, arguments.scenes, lidar), arguments.workers)
        if arguments.out.suffix == RECORDING_SUFFIX:
            written = write_recording(
                frames, arguments.out, arguments.compressed, arguments.overwrite
            )
        else:
            written = write_folder(frames, arguments.out, arguments.overwrite)
        # Closing takes away what was half written, wherever Ctrl-C came.
        with closing(written):
            for _ in tqdm(written, total=arguments.frames, unit='frame', desc='simulate'):
                pass
    if arguments.json:
        print(json.dumps({'out': str(arguments.out), 'frames': arguments.frames}))
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{text} is not a positive number')
    return number


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f'{text} is negative')
    return number


def _size(text: str) -> tuple[int, int]:
    height, mark, width = text.partition('x')
    if not mark or not height.isdigit() or not width.isdigit() or min(int(height), int(width)) < 1:
        raise argparse.ArgumentTypeError(f'{text} is not a size as HxW, such as 192x320')
    return int(height), int(width)
