"""
The frames that a report shows in pictures, chosen while the drive goes by.

Only the worst and the best frames so far and a random few, one of which will be near the median,
are held in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from steps_ros.data.frames import Image
from steps_ros.eval.metrics import Fit
from steps_ros.eval.report import Rank, Shown
from steps_ros.eval.report_pictures import shown_frame
from steps_ros.eval.samples import Floats, Reference

EACH = 3
DRAWN = 24
WIDTH = 480
MOST_POINTS = 60_000

Enhance = Callable[[Image], Image]


class Candidate(NamedTuple):
    """A frame that may be shown: its number, error, small pictures, and the fit of its depth."""

    number: int
    error: float
    image: Image | None
    prediction: Floats
    reference: Reference
    fit: Fit


class Gallery:
    """Collects candidates with :meth:`offer`, and shows the chosen ones with :meth:`shown`."""

    def __init__(self) -> None:
        """Start empty; what is drawn at random does not depend on anything but the frames."""
        self._worst: list[Candidate] = []
        self._best: list[Candidate] = []
        self._drawn: list[Candidate] = []
        self._offered = 0
        self._generator = np.random.default_rng(0)

    def offer(
        self, number: int, error: float, image: Image | None, prediction: Floats,
        reference: Reference, fit: Fit,
    ) -> None:  # fmt: skip
        """Look at a frame: (H, W) prediction before its fit, error finite."""
        self._offered += 1
        place = int(self._generator.integers(self._offered))
        is_extreme = (
            len(self._worst) < EACH
            or error > self._worst[-1].error
            or error < self._best[-1].error
        )
        if not is_extreme and self._offered > DRAWN and place >= DRAWN:
            return
        candidate = Candidate(
            number, error, _small_image(image), _small_depth(prediction), _thin(reference), fit
        )
        self._worst = sorted([*self._worst, candidate], key=lambda item: -item.error)[:EACH]
        self._best = sorted([*self._best, candidate], key=lambda item: item.error)[:EACH]
        if len(self._drawn) < DRAWN:
            self._drawn.append(candidate)
        elif place < DRAWN:
            self._drawn[place] = candidate

    def shown(self, median: float, max_depth: float, enhance: Enhance | None) -> list[Shown]:
        """Return the worst, the median and the best frames, each frame once."""
        chosen: dict[int, tuple[Rank, Candidate]] = {}
        middle = sorted(self._drawn, key=lambda item: abs(item.error - median))
        ranks: list[tuple[Rank, list[Candidate]]] = [
            ('worst', self._worst[:EACH]), ('best', self._best[:EACH]), ('median', middle)
        ]  # fmt: skip
        for rank, candidates in ranks:
            fresh = [item for item in candidates if item.number not in chosen][:EACH]
            chosen |= {item.number: (rank, item) for item in fresh}
        order = ('worst', 'median', 'best')
        return [
            _show(rank, candidate, max_depth, enhance)
            for rank, candidate in sorted(
                chosen.values(), key=lambda item: (order.index(item[0]), -item[1].error)
            )
        ]


def _show(rank: Rank, candidate: Candidate, max_depth: float, enhance: Enhance | None) -> Shown:
    image = candidate.image
    enhanced = None if enhance is None or image is None else enhance(image)
    return shown_frame(
        rank,
        candidate.number,
        image,
        enhanced,
        candidate.fit.apply(candidate.prediction).astype(np.float32),
        candidate.reference,
        max_depth,
    )


def _small_image(image: Image | None) -> Image | None:
    if image is None or image.shape[1] <= WIDTH:
        return image
    return np.asarray(cv2.resize(image, _size(image.shape), interpolation=cv2.INTER_AREA))


def _small_depth(depth: Floats) -> Floats:
    if depth.shape[1] <= WIDTH:
        return depth
    return np.asarray(cv2.resize(depth, _size(depth.shape), interpolation=cv2.INTER_NEAREST))


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    return WIDTH, max(1, round(shape[0] * WIDTH / shape[1]))


def _thin(reference: Reference) -> Reference:
    step = -(-len(reference.depth) // MOST_POINTS)
    columns, rows, depth, size = reference
    return Reference(columns[::step], rows[::step], depth[::step], size)
