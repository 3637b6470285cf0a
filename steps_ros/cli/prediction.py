"""
The work of ``steps-ros run``: every frame of an input through the networks into a folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import json
import logging
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from steps_ros import __version__
from steps_ros.cli.interrupt import held_interrupt, INTERRUPTED, one_interrupt
from steps_ros.cli.results import ResultFolder
from steps_ros.core.camera import Camera
from steps_ros.data.frames import Frame, Skipped, Source
from steps_ros.data.opencv_log import silence_opencv
from steps_ros.data.sources import open_source
from steps_ros.errors import FrameError, SourceError
from steps_ros.inference.light_state import enhancement_alone
from steps_ros.inference.loading import load_predictor, Loaded
from steps_ros.inference.prediction import Outputs, Prediction
from steps_ros.inference.scale.state import given_scale
from steps_ros.shipped_weights import DEFAULT_WEIGHTS

DONE = 0

logger = logging.getLogger(__name__)


def predict_all(arguments: argparse.Namespace) -> int:
    """
    Predict for every frame of the input and write the results.

    :returns: 0 when done, 130 after Ctrl-C; the results so far are whole and reported.
    :raises StepsError: bad input, checkpoint, option or place.
    """
    silence_opencv()
    with one_interrupt():
        source = open_source(arguments.input, arguments.image_topic)
    with source:
        with held_interrupt():
            job = _prepare(source, arguments)
        is_complete = job.run()
        with held_interrupt():
            report = job.report(is_complete)
            if job.count:
                job.folder.write_report(report)
    _say(job, is_complete)
    if arguments.json:
        print(json.dumps(report))
    return DONE if is_complete else INTERRUPTED


def _prepare(source: Source, arguments: argparse.Namespace) -> _Job:
    scale = given_scale(arguments.metric_scale, '--metric-scale')
    folder = ResultFolder(arguments.out, arguments.input, scale.is_metric, arguments.overwrite)
    loaded = load_predictor(
        arguments.checkpoint or DEFAULT_WEIGHTS,
        arguments.size,
        arguments.device,
        arguments.precision,
        engine=arguments.engine,
    )
    if scale.is_metric:
        loaded.require_scalable(f'--metric-scale {scale.value}')
    if loaded.predictor.depth_model is None:
        logger.warning('%s has no depth network: no depth is written', loaded.path)
    settings = {
        'version': __version__,
        'checkpoint': str(loaded.path),
        'scale': scale.kind.value,
        'scale_source': scale.source,
        'scale_factor': scale.factor,
        'light': arguments.light,
    }
    return _Job(source, loaded, folder, settings, Outputs(raw=arguments.raw))


class _Job:
    """The loop over the frames, and what is known when it ends, however it ends."""

    def __init__(
        self,
        source: Source,
        loaded: Loaded,
        folder: ResultFolder,
        settings: dict[str, Any],
        outputs: Outputs,
    ) -> None:
        self.count = 0
        self.folder = folder
        self._source = source
        self._loaded = loaded
        self._predictor = loaded.predictor
        self._settings = settings
        self._outputs = outputs
        self._refused: list[Skipped] = []
        self._sizes: set[str] = set()
        self._intrinsics: dict[str, Any] = {}
        self._model_ms: list[float] = []

    @property
    def skipped(self) -> list[Skipped]:
        return [*self._source.skipped, *self._refused]

    def run(self) -> bool:
        """Go through all frames; return False where Ctrl-C ended that after one of them."""
        try:
            with held_interrupt() as is_interrupted:
                for frame in _progress(self._source):
                    self._process(frame)
                    if is_interrupted():
                        break
        except KeyboardInterrupt:
            return False
        if not self.count:
            reason = self._refused[0].reason
            raise SourceError(f'{self._source.name}: no frame can be predicted: {reason}')
        return True

    def report(self, is_complete: bool) -> dict[str, Any]:
        """Return what run.json holds."""
        return {
            **self._settings,
            **self._loaded.described,
            'input': {'path': self._source.name, 'kind': self._source.kind},
            'frames': self.count,
            'skipped': [skipped._asdict() for skipped in self.skipped],
            'size': ', '.join(sorted(self._sizes)),
            'intrinsics': self._intrinsics,
            'model_ms': _percentiles(self._model_ms),
            'colour_range': self.folder.colour_range,
            'complete': is_complete,
        }

    def _process(self, frame: Frame) -> None:
        start = perf_counter()
        try:
            enhancement = enhancement_alone(frame.image, self._settings['light'])
            prediction = self._predictor.predict(
                frame.image, self._outputs, None, frame.camera, enhancement
            )
        except FrameError as error:
            self._refused.append(Skipped(frame.stem, str(error)))
            return
        self._model_ms.append(1000 * (perf_counter() - start))
        self.folder.write(frame.stem, _scaled(prediction, self._settings['scale_factor']))
        height, width = frame.image.shape[:2]
        self._sizes.add('{}x{}'.format(*self._predictor.network_size(height, width)))
        self._intrinsics = self._intrinsics or _intrinsics(frame, self._source.calibration)
        self.count += 1


def _scaled(prediction: Prediction, factor: float) -> Prediction:
    if factor == 1 or prediction.depth is None:
        return prediction
    return prediction._replace(depth=prediction.depth * np.float32(factor))


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
        with tqdm(total=source.frame_count, unit=' frames', desc=source.kind) as bar:
            yield first
            bar.update()
            for frame in frames:
                yield frame
                bar.update()


def _say(job: _Job, is_complete: bool) -> None:
    if job.skipped:
        logger.warning('skipped %d frames, see the report', len(job.skipped))
    ending = 'wrote' if is_complete else 'interrupted: wrote'
    logger.info('%s %d frames to %s', ending, job.count, job.folder.path)
