"""
``steps-ros simulate``: render night or day drives with exact depth to a folder, a recording or
training shards.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import replace
import json
from pathlib import Path
from typing import TYPE_CHECKING

from steps_ros.cli.interrupt import one_interrupt
from steps_ros.errors import OutputError, SettingsError

if TYPE_CHECKING:
    from steps_ros.sim.drive import Drive

RECORDING_SUFFIX = '.mcap'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``simulate``."""
    add = parser.add_argument
    add('--out', type=Path, required=True, help='folder, or FILE.mcap')
    add('--frames', type=_positive, default=100, help='pictures in all (100)')
    add('--seed', type=_natural, default=0, help='same seed, same bytes (0)')
    add('--time', choices=('night', 'day'), default='night')
    add('--size', type=_size, default=(192, 320), metavar='HxW', help='192x320')
    add('--scenes', type=_positive, default=1, help='streets to drive through (1)')
    add(
        '--first-scene',
        type=_natural,
        metavar='N',
        help='number of the first street (0): other streets with the same camera',
    )
    add('--no-crossings', action='store_true', help='streets without side roads')
    add('--distortion', action='store_true', help='a lens that bends straight lines')
    add('--workers', type=_positive, default=1, help='processes (1)')
    add('--rate', type=float, default=10.0, metavar='HZ', help='frames/s (10)')
    add('--lidar', type=int, choices=(0, 32, 64), default=32, help='rings, 0 for none (32)')
    lidar = parser.add_argument_group('LiDAR')
    add = lidar.add_argument
    add('--lidar-noise', type=float, default=0.02, metavar='M', help='of the range (0.02)')
    add('--lidar-columns', type=_positive, default=1024, help='directions in a turn (1024)')
    add('--lidar-range', type=float, default=100.0, metavar='M', help='farthest return (100)')
    add('--lidar-dropout', type=float, default=0.02, help='share of lost returns (0.02)')
    add('--lidar-offset', type=float, default=0.0, metavar='S', help='turn after picture (0)')
    shards = parser.add_argument_group('training shards')
    add = shards.add_argument
    add('--shards', type=_positive, metavar='E', help='a file a street, E pictures a frame')
    add('--negatives', type=Path, metavar='DIR', help='keep drawn streets here, only expose them')
    add('--turn', type=_natural, metavar='N', help='other exposures of the same streets (0)')
    outcome = parser.add_argument_group('output')
    add = outcome.add_argument
    add('--compressed', action='store_true', help='JPEG images in the recording')
    add('--json', action='store_true', help='say what was made in one JSON line')
    add('--overwrite', action='store_true', help='replace what is there, begin afresh')


def run(arguments: argparse.Namespace) -> int:
    """
    Draw all frames and write them.

    :returns: 0 when done; after Ctrl-C the same command goes on where it was.
    :raises StepsError: bad option or place.
    """
    with one_interrupt():
        if arguments.shards is None:
            _write_drive(arguments)
        else:
            _write_shards(arguments)
    if arguments.json:
        print(json.dumps({'out': str(arguments.out), 'frames': arguments.frames}))
    return 0


def _write_drive(arguments: argparse.Namespace) -> None:
    from steps_ros.sim.parts import claim_parts, parts_folder, remove_parts

    if arguments.negatives is not None or arguments.turn is not None:
        raise SettingsError('--negatives and --turn are of training shards; give --shards E too')
    drive = _drive(arguments)
    out: Path = arguments.out
    _claim(out, arguments.overwrite)
    parts = parts_folder(out)
    ready = claim_parts(drive, parts, arguments.overwrite)
    _write(arguments, drive, parts, ready)
    remove_parts(parts)


def _write_shards(arguments: argparse.Namespace) -> None:
    from tqdm import tqdm

    from steps_ros.sim.shards import claim_shards, ShardSettings, write_shards

    if arguments.first_scene is not None:
        raise SettingsError('--first-scene is of drives; shards begin with street 0: leave it out')
    share, rest = divmod(arguments.frames, arguments.scenes)
    if rest:
        raise SettingsError(
            f'{arguments.frames} frames do not divide among {arguments.scenes} scenes; '
            f'give {arguments.frames - rest or arguments.scenes}'
        )
    if arguments.out.suffix == RECORDING_SUFFIX:
        raise OutputError(f'{arguments.out} is a recording; training shards need a folder')
    clip = replace(_drive(arguments).clip, frames=share)
    settings = ShardSettings(
        clip, arguments.scenes, arguments.shards, arguments.turn or 0, arguments.negatives
    )
    ready = claim_shards(settings, arguments.out, arguments.overwrite)
    written = write_shards(settings, arguments.out, arguments.workers)
    total = arguments.scenes
    with closing(written), tqdm(total=total, unit='street', desc='simulate') as bar:
        for number, _ in enumerate(written, 1):
            bar.update(max(number, ready) - bar.n)


def _drive(arguments: argparse.Namespace) -> Drive:
    from steps_ros.sim.drive import Drive
    from steps_ros.sim.lidar import LidarSettings
    from steps_ros.sim.settings import ClipSettings

    height, width = arguments.size
    clip = ClipSettings(
        seed=arguments.seed,
        frames=arguments.frames,
        height=height,
        width=width,
        time=arguments.time,
        rate_hz=arguments.rate,
        has_distortion=arguments.distortion,
        crossings=not arguments.no_crossings,
    )
    lidar = None
    if arguments.lidar:
        lidar = LidarSettings(
            rings=arguments.lidar,
            columns=arguments.lidar_columns,
            noise_m=arguments.lidar_noise,
            max_range_m=arguments.lidar_range,
            dropout=arguments.lidar_dropout,
            offset_s=arguments.lidar_offset,
        )
    return Drive(clip, arguments.scenes, lidar, arguments.first_scene or 0)


def _claim(out: Path, overwrite: bool) -> None:
    """Refuse a place that is taken before anything is drawn."""
    from steps_ros.data.outputs import claim_folder

    if out.suffix != RECORDING_SUFFIX:
        claim_folder(out, overwrite)
    elif out.is_dir():
        raise OutputError(f'{out} is a folder; give a file')
    elif out.exists() and not overwrite:
        raise OutputError(f'{out} exists; choose another name or give --overwrite')


def _write(
    arguments: argparse.Namespace, drive: Drive, parts: Path, ready: frozenset[int]
) -> None:
    """Write the output while its frames are drawn; what broken off leaves is only the parts."""
    from tqdm import tqdm

    from steps_ros.sim.dataset import write_folder
    from steps_ros.sim.parts import drawn_frames
    from steps_ros.sim.recording import write_recording

    with closing(drawn_frames(drive, parts, arguments.workers)) as frames:
        if arguments.out.suffix == RECORDING_SUFFIX:
            written = write_recording(
                frames, arguments.out, arguments.compressed, arguments.overwrite
            )
        else:
            written = write_folder(frames, arguments.out, arguments.overwrite)
        # Closing takes away what was half written, wherever Ctrl-C came.
        with (
            closing(written),
            tqdm(total=arguments.frames, initial=len(ready), unit='frame', desc='simulate') as bar,
        ):
            for number in written:
                if number not in ready:
                    bar.update()


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
