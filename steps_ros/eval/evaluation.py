"""
From samples and predictions to a report, one frame at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
import math
from typing import NamedTuple

import cv2
import numpy as np

from steps_ros.errors import FrameError
from steps_ros.eval.comparisons import Group
from steps_ros.eval.gallery import Gallery
from steps_ros.eval.metrics import (
    Alignment,
    DepthErrors,
    Doubles,
    error_terms,
    errors_of_means,
    Fit,
    fit,
    is_predicted,
    UNKNOWN_ERRORS,
)
from steps_ros.eval.parts import grey_levels, PartSums
from steps_ros.eval.protocols import Protocol, PROTOCOLS
from steps_ros.eval.report import ALIGNMENTS, FrameRecord
from steps_ros.eval.samples import Floats, Reference, Sample
from steps_ros.eval.sampling import nearest_depth, surface_depth
from steps_ros.eval.spool import Points, Spool
from steps_ros.eval.temporal import ego_error, flicker, make_view, View

Predict = Callable[[Sample], Floats]
# Frames farther apart do not belong together in time.
CONSECUTIVE_NS = 600_000_000
# By night the sky and what stands before it are dark, however well the street is lit: the upper
# quartile of the upper third of a picture was at most 32 in simulated nights, 9 on night drives,
# and at least 85 in simulated and 106 in real days.
NIGHT_LEVEL = 75.0
# A reference that covers this much of the picture can be followed from frame to frame.
DENSE_SHARE = 0.3


@dataclass(frozen=True)
class EvaluationSettings:
    """
    What is compared and how it is told.

    :param alignment: the one that ranks frames and that verdicts and curves are about.
    """

    protocol: Protocol = PROTOCOLS['default']
    alignment: Alignment = 'median'

    @property
    def headline(self) -> int:
        """Number of the alignment in ``ALIGNMENTS``."""
        return ALIGNMENTS.index(self.alignment)


class Evaluation:
    """
    Takes frames; :func:`steps_ros.eval.conclusion.conclude` tells what they come to.

    Keeps numbers of every frame, sums, a few pictures, and points of every frame in ``spool``.
    """

    def __init__(self, settings: EvaluationSettings, spool: Spool) -> None:
        """Start without frames; the caller closes the spool."""
        self.settings = settings
        self.dropped: Counter[str] = Counter()
        self.pairs = 0
        self.records: list[FrameRecord] = []
        self.parts = PartSums(settings.headline)
        self.groups: dict[tuple[str, str, tuple[int, int], tuple[int, ...]], Group] = {}
        self.gallery = Gallery()
        self.spool = spool
        self.reference_steadiness: list[tuple[float, float]] = []
        self._before: _Moment | None = None
        self._started_ns: dict[str, int] = {}

    def add_all(self, samples: Iterable[Sample], predict: Predict) -> None:
        """Predict for each sample and add it; a frame that cannot be compared is counted."""
        for sample in samples:
            self.pairs += 1
            try:
                counted = self.settings.protocol.counted(sample)
                self.add(counted, predict(counted))
            except FrameError as error:
                self.dropped[str(error)] += 1

    def add(self, sample: Sample, prediction: Floats) -> None:
        """
        Compare one frame.

        :param prediction: (h, w), in metres or relative.
        """
        protocol, reference = self.settings.protocol, sample.reference
        read = nearest_depth if protocol.resize == 'nearest' else surface_depth
        guess = read(prediction, reference)
        known = is_predicted(guess)
        truth = reference.depth.astype(np.float64)
        fits = [fit(guess[known], truth[known], alignment) for alignment in ALIGNMENTS]
        terms = [
            error_terms(
                np.clip(one.apply(guess[known]), protocol.min_depth, protocol.cap), truth[known]
            )
            for one in fits
        ]
        number = len(self.records)
        self.parts.add(truth, grey_levels(sample.image, reference), known, terms)
        self.spool.put(number, Points(reference, guess))
        self._group(sample, prediction).add(number, prediction)
        record = self._record(sample, prediction, fits, terms, float(np.mean(~known)))
        self.records.append(record)
        error = record.errors[self.settings.headline].abs_rel
        if math.isfinite(error):
            best_fit = fits[self.settings.headline]
            self.gallery.offer(number, error, sample.image, prediction, reference, best_fit)

    def _group(self, sample: Sample, prediction: Floats) -> Group:
        key = (sample.drive, sample.camera, sample.reference.size, prediction.shape)
        if key not in self.groups:
            self.groups[key] = Group.start(
                sample.reference.size, prediction.shape, sample.intrinsics, sample.mounting
            )
        return self.groups[key]

    def _record(
        self,
        sample: Sample,
        prediction: Floats,
        fits: list[Fit],
        terms: list[Doubles],
        unpredicted: float,
    ) -> FrameRecord:
        scale = 1 / fits[ALIGNMENTS.index('median')].scale if unpredicted < 1 else math.nan
        started_ns = self._started_ns.setdefault(sample.drive, sample.stamp_ns)
        change, misfit = self._compare_with_before(sample, prediction, scale)
        light, luminance = _light(sample)
        return FrameRecord(
            drive=sample.drive,
            camera=sample.camera,
            stem=sample.stem,
            stamp_ns=sample.stamp_ns,
            second=(sample.stamp_ns - started_ns) / 1e9,
            light=light,
            luminance=luminance,
            pixels=len(sample.reference.depth),
            unpredicted=unpredicted,
            gap_ms=sample.gap_ns / 1e6,
            scale=scale,
            flicker=change,
            ego_error=misfit,
            errors=tuple(_errors(values) for values in terms),
        )

    def _compare_with_before(
        self, sample: Sample, prediction: Floats, scale: float
    ) -> tuple[float, float]:
        """Return flicker and ego error against the frame before, where there is one."""
        truth = dense_depth(sample.reference)
        around = (sample.image, sample.intrinsics, sample.world_from_camera)
        now = _Moment(
            sample.drive,
            sample.camera,
            sample.stamp_ns,
            make_view(prediction, *around, scale),
            None if truth is None else make_view(truth, *around, 1.0),
        )
        before, self._before = self._before, now
        if before is None or not before.is_followed_by(now):
            return math.nan, math.nan
        if before.reference is not None and now.reference is not None:
            own = (before.reference, now.reference)
            self.reference_steadiness.append((flicker(*own), ego_error(*own)))
        return flicker(before.view, now.view), ego_error(before.view, now.view)


class _Moment(NamedTuple):
    """What of a frame the next one is compared with."""

    drive: str
    camera: str
    stamp_ns: int
    view: View
    reference: View | None

    def is_followed_by(self, other: _Moment) -> bool:
        same = (self.drive, self.camera) == (other.drive, other.camera)
        return same and 0 < other.stamp_ns - self.stamp_ns <= CONSECUTIVE_NS


def dense_depth(reference: Reference) -> Floats | None:
    """Return the reference as a map (H, W), NaN unknown; None where it has few of the pixels."""
    height, width = reference.size
    if len(reference.depth) < DENSE_SHARE * height * width:
        return None
    depth = np.full(reference.size, np.nan, np.float32)
    rows, columns = (
        np.rint(places).astype(np.intp) for places in (reference.rows, reference.columns)
    )
    depth[rows.clip(0, height - 1), columns.clip(0, width - 1)] = reference.depth
    return depth


def _errors(terms: Doubles) -> DepthErrors:
    return errors_of_means(terms.mean(axis=0)) if len(terms) else UNKNOWN_ERRORS


def _light(sample: Sample) -> tuple[str, float]:
    """Return day or night and the mean grey level; empty and NaN without a picture."""
    if sample.image is None:
        return '', math.nan
    grey = cv2.cvtColor(np.ascontiguousarray(sample.image[::4, ::4]), cv2.COLOR_RGB2GRAY)
    is_night = np.percentile(grey[: max(1, len(grey) // 3)], 75) < NIGHT_LEVEL
    return ('night' if is_night else 'day'), float(grey.mean())
