"""
Whether weights got better, on a drive that training has not seen.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from steps_ros.core.checkpoint import Checkpoint
from steps_ros.eval.conclusion import conclude
from steps_ros.eval.evaluation import Evaluation, EvaluationSettings
from steps_ros.eval.input_settings import InputSettings
from steps_ros.eval.inputs import open_samples
from steps_ros.eval.predictions import network_depth
from steps_ros.eval.spool import Spool
from steps_ros.inference.predictor import Predictor


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
