"""
Whether weights got better, on a drive that training has not seen.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

from steps_ros.core.checkpoint import Checkpoint
from steps_ros.eval.conclusion import conclude
from steps_ros.eval.evaluation import Evaluation, EvaluationSettings
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.predictions import network_depth
from steps_ros.eval.spool import Spool
from steps_ros.inference.predictor import Predictor


class Measure(NamedTuple):
    """A number of the starting and of the trained weights, smaller is better."""

    name: str
    before: float
    after: float

    @property
    def is_kept(self) -> bool:
        """Say whether it is not worse than before."""
        return self.after <= self.before


class Verdict(NamedTuple):
    """Whether trained weights may replace those that they started from, and by what."""

    measures: tuple[Measure, ...]

    @property
    def is_accepted(self) -> bool:
        """Say whether nothing got worse."""
        return all(measure.is_kept for measure in self.measures)

    @property
    def words(self) -> str:
        """Return a sentence."""
        told = ', '.join(
            f'{name} {after:.4f} on the validation drive, {before:.4f} before'
            for name, before, after in self.measures
        )
        return f'{"Accepted" if self.is_accepted else "Rejected"}: {told}.'


def validation_error(
    checkpoint: Checkpoint, drive: Path, reference_topic: str | None, device: str
) -> float:
    """
    Return the median-aligned abs_rel of a checkpoint on a drive with a reference.

    :raises StepsError: no such drive, or nothing to compare with.
    """
    settings = EvaluationSettings()
    predictor = Predictor(checkpoint, device=device)
    inputs = InputSettings(reference_topic=reference_topic)
    with open_samples(drive, inputs) as samples, Spool() as spool:
        evaluation = Evaluation(settings, spool)
        evaluation.add_all(samples, partial(network_depth, predictor, settings.protocol, 1.0))
        return conclude(evaluation).overall[settings.alignment]['abs_rel'].value
