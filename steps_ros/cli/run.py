"""
``steps-ros run``: enhance and predict depth for an image, a folder, a video or a bag.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import hashlib
import json
import logging
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from steps_ros import __version__
from steps_ros.cli.interrupt import one_interrupt
from steps_ros.cli.results import ResultFolder
from steps_ros.core.camera import Camera
from steps_ros.core.checkpoint import DEFAULT_WEIGHTS, load_checkpoint
from steps_ros.data.frames import Frame, Skipped, Source
from steps_ros.data.sources import open_source
from steps_ros.errors import FrameError, SettingsError, SourceError
from steps_ros.inference.hardware import PRECISIONS
from steps_ros.inference.predictor import Outputs, Prediction, Predictor

DONE, INTERRUPTED = 0, 130
ENGINES = ('torch',)

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``run``."""
    parser.add_argument('input', type=Path, help='image, folder of images, video or bag')
    parser.add_argument('--out', type=Path, required=True, help='folder of the results')
    parser.add_argument(
        '--checkpoint', type=Path, default=DEFAULT_WEIGHTS, help='.safetensors (default: shipped)'
    )
    parser.add_argument(
        '--size',
        type=network_size,
        metavar='HxW',
        help="network size, multiples of 32 (default: the checkpoint's, else the input's own)",
    )
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument(
        '--precision', choices=('auto', *PRECISIONS), default='auto', help='of the depth network'
    )
    parser.add_argument('--engine', choices=ENGINES, default=ENGINES[0], help='what computes')
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

    :returns: 0 when done, 130 after Ctrl-C; the results so far are whole and reported.
    :raises StepsError: bad input, checkpoint, option or place.
    """
    # A library's own lines about a file that the error already names help nobody.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    scale = arguments.metric_scale
    with open_source(arguments.input, arguments.image_topic) as source, one_interrupt():
        folder = ResultFolder(
            arguments.out, arguments.input, scale is not None, arguments.overwrite
        )
        predictor = _predictor(arguments)
        settings = _settings(arguments, predictor)
        job = _Job(source, predictor, folder, scale, arguments.raw)
        try:
            job.run()
            is_complete = True
        except KeyboardInterrupt:
            is_complete = False
        report = {**settings, **job.report(), 'complete': is_complete}
        if job.count:
            folder.write_report(report)
    _say(job, folder, is_complete)
    if arguments.json:
        print(json.dumps(report))
    return DONE if is_complete else INTERRUPTED


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


class _Job:
    """The loop over the frames, and what is known when it ends, however it ends."""

    def __init__(
        self,
        source: Source,
        predictor: Predictor,
        folder: ResultFolder,
        scale: float | None,
        raw: bool,
    ) -> None:
        self.count = 0
        self._source = source
        self._predictor = predictor
        self._folder = folder
        self._scale = scale
        self._outputs = Outputs(raw=raw)
        self._refused: list[Skipped] = []
        self._sizes: set[str] = set()
        self._intrinsics: dict[str, Any] = {}
        self._model_ms: list[float] = []

    @property
    def skipped(self) -> list[Skipped]:
        return [*self._source.skipped, *self._refused]

    def run(self) -> None:
        with logging_redirect_tqdm():
            for frame in _progress(self._source):
                try:
                    self._process(frame)
                except FrameError as error:
                    self._refused.append(Skipped(frame.stem, str(error)))
        if not self.count:
            reason = self._refused[0].reason
            raise SourceError(f'{self._source.name}: no frame can be predicted: {reason}')

    def report(self) -> dict[str, Any]:
        source = self._source
        nearest_farthest = self._folder.colour_range
        return {
            'input': {'path': source.name, 'kind': source.kind},
            'frames': self.count,
            'skipped': [skipped._asdict() for skipped in self.skipped],
            'size': ', '.join(sorted(self._sizes)),
            'intrinsics': self._intrinsics,
            'model_ms': _percentiles(self._model_ms),
            'colour_range': nearest_farthest and list(nearest_farthest),
        }

    def _process(self, frame: Frame) -> None:
        start = perf_counter()
        prediction = self._predictor.predict(frame.image, self._outputs)
        self._model_ms.append(1000 * (perf_counter() - start))
        self._folder.write(frame.stem, _scaled(prediction, self._scale))
        height, width = frame.image.shape[:2]
        self._sizes.add('{}x{}'.format(*self._predictor.network_size(height, width)))
        self._intrinsics = self._intrinsics or _intrinsics(frame, self._source.calibration)
        self.count += 1


def _predictor(arguments: argparse.Namespace) -> Predictor:
    checkpoint = load_checkpoint(arguments.checkpoint)
    predictor = Predictor(checkpoint, arguments.size, arguments.device, arguments.precision)
    if predictor.depth_net is None:
        if arguments.metric_scale is not None:
            raise SettingsError(
                f'--metric-scale {arguments.metric_scale}: {arguments.checkpoint} has no depth '
                'network; leave the scale out or give another checkpoint'
            )
        logger.warning('%s has no depth network: no depth is written', arguments.checkpoint)
    return predictor


def _scaled(prediction: Prediction, scale: float | None) -> Prediction:
    if scale is None or prediction.depth is None:
        return prediction
    return prediction._replace(depth=prediction.depth * np.float32(scale))


def _settings(arguments: argparse.Namespace, predictor: Predictor) -> dict[str, Any]:
    scale = arguments.metric_scale
    return {
        'version': __version__,
        'checkpoint': str(arguments.checkpoint),
        'checkpoint_sha256': hashlib.sha256(arguments.checkpoint.read_bytes()).hexdigest(),
        'engine': arguments.engine,
        'device': str(predictor.device),
        'precision': str(predictor.dtype).removeprefix('torch.'),
        'scale': 'relative' if scale is None else 'metric',
        'scale_source': 'none' if scale is None else '--metric-scale',
        'scale_factor': 1.0 if scale is None else scale,
    }


def _intrinsics(frame: Frame, calibration: str) -> dict[str, Any]:
    height, width = frame.image.shape[:2]
    camera = frame.camera or Camera.assumed(width, height)
    source = 'assumed' if frame.camera is None else calibration
    pinhole = {'fx': camera.fx, 'fy': camera.fy, 'cx': camera.cx, 'cy': camera.cy}
    return {'source': source, 'width': width, 'height': height, **pinhole}


def _percentiles(times_ms: list[float]) -> dict[str, float]:
    if not times_ms:
        return {}
    p50, p95 = np.percentile(times_ms, (50, 95))
    return {'p50': round(float(p50), 2), 'p95': round(float(p95), 2)}


def _progress(source: Source) -> Iterator[Frame]:
    """Yield the frames under a progress bar that appears with the first of them."""
    frames = iter(source)
    for first in frames:
        with tqdm(total=source.frame_count, unit='frame', desc=source.kind) as bar:
            yield first
            bar.update()
            for frame in frames:
                yield frame
                bar.update()


def _say(job: _Job, folder: ResultFolder, is_complete: bool) -> None:
    if job.skipped:
        logger.warning('skipped %d frames, see the report', len(job.skipped))
    ending = 'wrote' if is_complete else 'interrupted: wrote'
    logger.info('%s %d frames to %s', ending, job.count, folder.path)
