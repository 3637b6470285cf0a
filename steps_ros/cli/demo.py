"""
``steps-ros demo``: frames through the live node, recorded.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from pathlib import Path
import tempfile
from typing import Any

import cv2
from tqdm import tqdm

from steps_ros import __version__
from steps_ros.cli.interrupt import one_interrupt
from steps_ros.data.bag_checks import METADATA
from steps_ros.data.bags import BAG_SUFFIXES
from steps_ros.errors import OutputError, SettingsError, StepsError
from steps_ros.shipped_weights import METAVAR, weights_file

CLIP_FRAMES, CLIP_SIZE, CLIP_SEED = 36, (288, 512), 14
DEFAULT_RATE_HZ = 5.0
SIMULATED = 'simulated night clip'

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``demo``."""
    parser.add_argument(
        '--input', type=Path, help='folder of images, video or bag (default: a simulated clip)'
    )
    parser.add_argument(
        '--rate', type=_rate, metavar='HZ', help='default: 5 Hz; for bags the stamps of the bag'
    )
    parser.add_argument('--out', type=Path, default=Path('demo_out'), help='folder of the results')
    parser.add_argument(
        '--checkpoint',
        type=weights_file,
        metavar=METAVAR,
        help='.safetensors or .yaml (default: the weights of the package)',
    )
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--size', metavar='HxW', help='network size, multiples of 32')
    parser.add_argument('--image-topic', metavar='TOPIC', help='which images of a bag')
    parser.add_argument(
        '--max-width', type=int, default=640, help='widest output, pixels (default: %(default)s)'
    )
    parser.add_argument('--json', action='store_true', help='print the summary as one line')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier demo')


def run(arguments: argparse.Namespace) -> int:
    """
    Run the demo and say what came out.

    :raises StepsError: rclpy is missing, bad input, a process that fails, a silent topic.
    """
    try:
        from steps_ros.ros.demo import DemoSettings, run_demo
    except ImportError as error:
        raise StepsError(
            f'the demo needs ROS 2: {error}; source a ROS installation, or '
            '`pip install "steps_ros[ros]"` on x86-64 Linux'
        ) from error
    with one_interrupt():
        settings = DemoSettings(
            input=arguments.input or simulated_clip(),
            out=arguments.out,
            rate_hz=arguments.rate or _default_rate(arguments.input),
            label=SIMULATED if arguments.input is None else str(arguments.input),
            image_topic=arguments.image_topic,
            parameters=tuple(_parameters(arguments).items()),
            overwrite=arguments.overwrite,
        )
        summary = run_demo(settings)
    _say(summary, arguments.out)
    if arguments.json:
        print(json.dumps(summary))
    return 0


def simulated_clip() -> Path:
    """
    Return the folder of the project's night clip; rendered the first time, then kept.

    :raises OutputError: no place to keep it.
    """
    height, width = CLIP_SIZE
    name = f'clip_{__version__}_{CLIP_SEED}_{CLIP_FRAMES}_{width}x{height}'
    cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'steps_ros'
    folder = cache / name
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as place:
            partial = Path(place) / name
            _render(partial)
            # Renamed when it is whole, so that half a clip is never taken for one.
            partial.rename(folder)
    except OSError as error:
        raise OutputError(f'{cache} cannot be written: {error}; set XDG_CACHE_HOME') from error
    return folder


def _render(folder: Path) -> None:
    from steps_ros.sim.clip import simulate_clip
    from steps_ros.sim.settings import ClipSettings

    height, width = CLIP_SIZE
    settings = ClipSettings(
        seed=CLIP_SEED, frames=CLIP_FRAMES, height=height, width=width, rate_hz=DEFAULT_RATE_HZ
    )
    images = folder / 'images'
    images.mkdir(parents=True)
    frames = tqdm(simulate_clip(settings), total=CLIP_FRAMES, unit='frame', desc='simulating')
    for number, frame in enumerate(frames):
        picture = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        if not cv2.imwrite(str(images / f'{number:06d}.png'), picture):
            raise OSError('a picture was not written')
        camera = frame.camera
    (folder / 'camera.yaml').write_text(
        ''.join(
            f'{name}: {getattr(camera, name)}\n'
            for name in ('width', 'height', 'fx', 'fy', 'cx', 'cy')
        )
    )


def _default_rate(path: Path | None) -> float | None:
    is_bag = path is not None and (path.suffix in BAG_SUFFIXES or (path / METADATA).exists())
    return None if is_bag else DEFAULT_RATE_HZ


def _parameters(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the node's parameters as rclpy reads them from a command line."""
    if arguments.max_width < 0:
        raise SettingsError(f'--max-width {arguments.max_width} must not be negative')
    parameters = {'output.max_width': str(arguments.max_width), 'device': arguments.device}
    if arguments.checkpoint is not None:
        parameters['checkpoint'] = str(arguments.checkpoint.resolve())
    if arguments.size is not None:
        parameters['network_size'] = arguments.size
    return parameters


def _rate(text: str) -> float:
    try:
        rate_hz = float(text)
    except ValueError:
        rate_hz = 0.0
    if not 0 < rate_hz < 1000:
        raise argparse.ArgumentTypeError(f'{text!r} is no rate; give Hz, above 0')
    return rate_hz


def _say(summary: dict[str, Any], out: Path) -> None:
    latency = summary['latency_ms']
    logger.info(
        '%d of %d frames came out (%d dropped), p50 %s ms and p95 %s ms from stamp to receipt',
        summary['frames_out'],
        summary['frames_in'],
        summary['dropped'],
        latency['p50'],
        latency['p95'],
    )
    logger.info('intrinsics: %s; scale: %s', summary['intrinsics'], summary['scale'])
    logger.info('look at %s', out / 'contact_sheet.png')
