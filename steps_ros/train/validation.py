"""
Trained weights against those that they started from, on a drive with measured depth.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial
import math

import numpy as np

from steps_ros.core.checkpoint import Checkpoint
from steps_ros.data.store import Part, SECOND_NS
from steps_ros.errors import SourceError
from steps_ros.eval.evaluation import Evaluation, EvaluationSettings
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.predictions import network_depth
from steps_ros.eval.samples import Sample, SampleSource
from steps_ros.eval.spool import Spool
from steps_ros.inference.predictor import Predictor
from steps_ros.train.networks import Networks
from steps_ros.train.verdict import Measure, Verdict


class Validation(ABC):
    """A drive on which the starting weights have been judged, and trained ones can be."""

    @abstractmethod
    def judge(self, trained: Checkpoint, networks: Networks) -> Verdict:
        """
        Compare trained weights with the starting ones.

        :param trained: what would be used at run time.
        :param networks: all that was trained, in eval mode.
        """


class Referenced(Validation):
    """
    Judges by abs_rel after median alignment, as ``steps-ros evaluate`` tells it.

    Both weights run as they would in use, at the size that belongs to each. Nothing is drawn at
    random, so nothing is tolerated: equal weights have equal numbers.
    """

    def __init__(self, part: Part, inputs: InputSettings, start: Checkpoint, device: str) -> None:
        """
        Measure the starting weights.

        :raises SourceError: no such drive, or nothing to compare with.
        """
        self._part, self._inputs, self._device = part, inputs, device
        self._before = self._abs_rel(start)
        if not math.isfinite(self._before):
            raise SourceError(
                f'{part.path}: the starting weights have no depth where depth is known; validate '
                'on another drive'
            )

    def judge(self, trained: Checkpoint, networks: Networks) -> Verdict:
        """Compare abs_rel; the networks that are not in the checkpoint do not matter."""
        return Verdict((Measure('abs_rel', self._before, self._abs_rel(trained)),))

    def _abs_rel(self, checkpoint: Checkpoint) -> float:
        settings = EvaluationSettings()
        predictor = Predictor(checkpoint, device=self._device, precision='float32')
        with open_samples(self._part.path, self._inputs) as samples, Spool() as spool:
            evaluation = Evaluation(settings, spool)
            predict = partial(network_depth, predictor, settings.protocol, 1.0)
            evaluation.add_all(_within(samples, self._part), predict)
        if not evaluation.records:
            raise SourceError(_nothing(self._part, evaluation))
        errors = [record.errors[settings.headline].abs_rel for record in evaluation.records]
        known = [error for error in errors if math.isfinite(error)]
        return float(np.mean(known)) if known else math.nan


def _within(samples: SampleSource, part: Part) -> Iterator[Sample]:
    """Yield the samples of a part; a share counts pictures, seconds from the first sample."""
    window, first_ns = part.window, None
    for index, sample in enumerate(samples):
        first_ns = sample.stamp_ns if first_ns is None else first_ns
        if window is None:
            place, start, end = 0.0, 0.0, math.inf
        elif window.is_share:
            place = 100 * index / (samples.sample_count or math.inf)
            start, end = window.start, window.end
        else:
            place = (sample.stamp_ns - first_ns) / SECOND_NS
            start, end = window.start, window.end
        if start <= place < end:
            yield sample


def _nothing(part: Part, evaluation: Evaluation) -> str:
    told = '; '.join(f'{count} x {reason}' for reason, count in evaluation.dropped.most_common(3))
    where = '' if part.window is None else f' from {part.window.start:g} to {part.window.end:g}'
    return (
        f'{part.path}: not one frame{where} could be compared: {told or "there are none"}; '
        'validate on another drive'
    )
